"""The DHCP server for IPv6 that every agent is for its own workloads."""
