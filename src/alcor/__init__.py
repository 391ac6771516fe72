"""Alcor: a cloud-native SDN control plane."""

__version__ = "0.1.0"
