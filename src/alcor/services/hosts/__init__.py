"""Nodes, the controllers that serve their hosts, and what hosts ask."""
