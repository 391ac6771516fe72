"""What an address says of trust: whether others than this machine are behind it, and where one enrols beside it."""

import ipaddress

_HIGHEST_PORT = 65_535


def is_beyond_this_machine(address: str) -> bool:
    """Whether HOST:PORT may be reached by, or lead to, others than this machine's own programs; unix:PATH never."""
    if address.startswith("unix:"):
        return False
    host = address.rpartition(":")[0].strip("[]")
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def enrolment_beside(address: str) -> str:
    """Where hosts enrol with a controller at HOST:PORT or unix:PATH, unless something else is said.

    Raises ValueError when there is no next port.
    """
    if address.startswith("unix:"):
        return f"{address}.join"
    host, _, port = address.rpartition(":")
    if int(port) >= _HIGHEST_PORT:
        raise ValueError(f"there is no port after {port}")
    return f"{host}:{int(port) + 1}"
