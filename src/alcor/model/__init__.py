"""Resource types and the pure arithmetic on them. No I/O; imports nothing else of ours."""
