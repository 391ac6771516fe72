"""Learning of peers on demand, in VPCs too large to be told of everybody ahead."""
