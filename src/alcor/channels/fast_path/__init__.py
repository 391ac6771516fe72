"""The fast path: one gRPC stream between a controller and each host's control agent."""

import os

# gRPC's core writes a line of its own whenever a peer goes away; what matters of that is in our log. It reads this
# when it is first imported, which the modules of this package do.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
