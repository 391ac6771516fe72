"""Names in the DNS, answered for the workloads of this host: those of their VPC, and all others by asking on."""
