"""The OpenStack Networking API v2.0, as Neutron serves it."""
