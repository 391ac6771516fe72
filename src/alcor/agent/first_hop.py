"""To which MAC address a workload of this host sends a packet, as its network configuration has it."""

from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.wanted import Wanted
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6, SERVICE_MAC
from alcor.dataplane.routers import prefix_of
from alcor.model.addresses import Address, address_number, address_of, is_link_local, mac_of_link_local, version_of
from alcor.model.goal_state import Port, Subnet


def first_hop(wanted: Wanted, on_demand: OnDemand, port: Port, source: Address, destination: Address) -> int | None:
    """That of the destination in its own subnets, else of the next hop that DHCP or routers gave the workload.

    ``source`` says which of its subnets it sends from, as far as it is an address of the port. None when there is no
    next hop, or nobody here knows who has its address: the workload asks first.
    """
    if destination in (SERVICE_IPV4, SERVICE_IPV6):
        return SERVICE_MAC
    known = map(wanted.state.subnets.get, (subnet_id for subnet_id, _ in port.fixed_ips))
    own = [each for each in known if each is not None and prefix_of(each.cidr)[2] == version_of(destination)]
    is_neighbour = isinstance(destination, bytes) and is_link_local(destination)
    if is_neighbour or any(_covers(each.cidr, destination) for each in own):
        return _owner_of(wanted, on_demand, port.vni, destination)
    sending = [subnet_id for subnet_id, address in port.fixed_ips if address_of(address) == source]
    own.sort(key=lambda subnet: subnet.id not in sending)
    next_hop = _next_hop(wanted, own[0], destination) if own else None
    return None if next_hop is None else _owner_of(wanted, on_demand, port.vni, next_hop)


def _next_hop(wanted: Wanted, subnet: Subnet, destination: Address) -> Address | None:
    """By the longest host route, the gateway, or a router that advertises itself."""
    routes = [each for each in subnet.host_routes if _covers(each[0], destination)]
    if routes:
        return address_of(max(routes, key=lambda route: prefix_of(route[0])[1])[1])
    if subnet.gateway_ip:
        return address_of(subnet.gateway_ip)
    routers = wanted.routers().in_subnet(subnet.vni, subnet.cidr) if subnet.ipv6_ra_mode else ()
    return next((each.address for each in routers), None)


def _covers(cidr: str, address: Address) -> bool:
    network, mask, version = prefix_of(cidr)
    return version == version_of(address) and address_number(address) & mask == network


def _owner_of(wanted: Wanted, on_demand: OnDemand, vni: int, address: Address) -> int | None:
    gateway = wanted.routers().owner_of(vni, address)
    if gateway is not None:
        return gateway
    mac = mac_of_link_local(address) if isinstance(address, bytes) else None
    if mac is not None and on_demand.knows_mac(vni, mac):
        return mac
    owner = wanted.owner_of(vni, address)
    return on_demand.learned.owner(vni, address) if owner is None else owner
