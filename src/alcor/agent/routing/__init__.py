"""The agent's part in routing: what the data plane's flows leave to it."""
