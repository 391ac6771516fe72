"""What the agent answers workloads over IPv6."""
