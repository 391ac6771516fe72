"""Which packets ports may send and receive: security groups, network ACLs, and what these name."""
