"""Security groups on the host: who is a member of what rules name, and what becomes of packets until that is known."""
