"""Which name servers workloads are told of."""

from collections.abc import Iterable

from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6
from alcor.model.addresses import ip_text, ipv4_text
from alcor.model.goal_state import Subnet

_HOST = ipv4_text(SERVICE_IPV4), ip_text(SERVICE_IPV6)
_NONE = {"0.0.0.0", "::"}


def name_servers(subnets: Iterable[Subnet], version: int) -> list[str]:
    """Those of the subnets, each once; of a subnet without any the host itself. 0.0.0.0 and :: stand for none at all,
    as in Neutron."""
    told = dict.fromkeys(server for subnet in subnets for server in subnet.dns_nameservers or _HOST)
    return [server for server in told if (":" in server) == (version == 6) and server not in _NONE]
