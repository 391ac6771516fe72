"""The data plane of a host: the driver interface and its drivers (Open vSwitch, memory)."""
