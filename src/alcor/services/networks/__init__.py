"""VPCs, which Neutron calls networks, and the segments they are made of."""
