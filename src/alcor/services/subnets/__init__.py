"""Subnets, their addresses, and the pools that subnets and addresses come from."""
