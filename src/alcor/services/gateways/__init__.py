"""Gateways, what is attached to them, and their route tables."""
