"""What a host does for its own workloads at one address: how they call it, and how the host tells them apart.

Every workload speaks to the same two addresses, which are in no subnet. The data plane hands these packets to the
host's own network stack, from an address that stands for the workload: whatever addresses workloads of different VPCs
share, the host's programs see each under one of its own. What they answer goes back the same way. It is the same for
every packet, so nothing is remembered of connections.
"""

import ipaddress
from typing import NamedTuple

from alcor.dataplane.driver import Endpoint
from alcor.model.addresses import Address, link_local

SERVICE_IPV4 = 0xA9FEA9FE
"""169.254.169.254, where servers in clouds look for their metadata."""
SERVICE_IPV6 = bytes.fromhex("fe80000000000000") + bytes(4) + bytes.fromhex("a9fea9fe")
"""fe80::a9fe:a9fe, the same for IPv6."""
SERVICE_MAC = 0xFE140000A9FE
"""Who has these addresses, as every workload sees it; no port can have it from a MAC pool."""

_TCP, _UDP = 6, 17
_PORT_BITS = 16
_HOST = (1 << _PORT_BITS) - 2  # no port number of OpenFlow is as high
_CLIENTS_IPV6 = 0xFE80 << 112 | 1 << 32


class Service(NamedTuple):
    """What is asked under a port of the addresses, and the port at which a program of the host answers it.

    The host's port is another one: nothing else of the host, which may listen at all its addresses, can be reached.
    """

    name: str
    protocol: int  # of IP
    port: int
    host_port: int


METADATA = Service("metadata", _TCP, 80, 9680)
DNS = Service("dns", _UDP, 53, 9653)
DNS_OVER_TCP = Service("dns_over_tcp", _TCP, 53, 9653)
SERVICES = (METADATA, DNS, DNS_OVER_TCP)


class ClientAddresses:
    """The addresses under which a host sees its workloads, made of the numbers of their ports.

    IPv4 addresses come from a network of 2^16 addresses for each address of a port, so many of which are served;
    IPv6 addresses are link-local, and mean something at one interface only.
    """

    def __init__(self, network: str) -> None:
        """Raises ValueError when the network is none, or has not from 2^16 to 2^22 addresses."""
        parsed = ipaddress.IPv4Network(network)
        if not 10 <= parsed.prefixlen <= 32 - _PORT_BITS:
            raise ValueError(f"{network} must have a prefix from /10 to /16")
        self.prefix_length = parsed.prefixlen
        self._network = int(parsed.network_address)
        self._most = 1 << 32 - _PORT_BITS - parsed.prefixlen

    @property
    def host(self) -> int:
        """The IPv4 address at which the host's programs answer."""
        return self._network + _HOST

    def of_ipv4(self, endpoint: Endpoint, number: int) -> list[tuple[int, int]]:
        """The IPv4 addresses of an endpoint that are served, and what stands for each; ``number`` is its port's."""
        first = self._network + number
        return [(each, first + (place << _PORT_BITS)) for place, each in enumerate(endpoint.ipv4[: self._most])]

    def of_ipv6(self, endpoint: Endpoint, number: int) -> list[tuple[bytes, bytes]]:
        """The same for IPv6, the link-local address first."""
        own = dict.fromkeys((link_local(endpoint.mac), *endpoint.ipv6))
        first = _CLIENTS_IPV6 + number
        return [(each, (first + (place << _PORT_BITS)).to_bytes(16)) for place, each in enumerate(own)]

    def number_of(self, client: Address) -> int:
        """The number of the port that an address stands for."""
        return (client if isinstance(client, int) else int.from_bytes(client[-4:])) & (1 << _PORT_BITS) - 1
