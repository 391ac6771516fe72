"""The fast path: one gRPC stream between a controller and each host's control agent."""
