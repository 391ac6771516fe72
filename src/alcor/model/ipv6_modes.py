"""How workloads come by IPv6 addresses: the values of a subnet's ``ipv6_ra_mode`` and ``ipv6_address_mode``."""

from typing import Final

SLAAC: Final = "slaac"
STATEFUL: Final = "dhcpv6-stateful"
STATELESS: Final = "dhcpv6-stateless"

IPV6_MODES: Final = (SLAAC, STATEFUL, STATELESS)

OWN_ADDRESSES: Final = frozenset((SLAAC, STATELESS))
"""Those in which workloads make their addresses by themselves (RFC 4862)."""
