"""What becomes of a packet that a port sends, worked out from what the store says: step by step, and what decides."""
