"""What the agent answers as a program of the host: where, and for whom."""
