"""Routers and routes."""
