"""Servers' metadata, asked of Nova for the workloads of this host."""
