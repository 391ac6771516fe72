"""Ports: their MACs, their bindings to hosts, and trunks of them."""
