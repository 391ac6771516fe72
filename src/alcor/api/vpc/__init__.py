"""Alcor's own API: nodes, and the VPCs, subnets and ports of a project."""
