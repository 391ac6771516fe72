"""Addresses that lead to ports: floating, elastic and local ones, and forwarded ports."""
