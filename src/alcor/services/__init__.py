"""Business rules of each Alcor manager, on model and store."""
