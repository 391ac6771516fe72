"""Where a packet goes on from its sender: to a neighbour, or through routers to whoever is next."""

from collections.abc import Iterator, Sequence

import msgspec

from alcor.dataplane.driver import Route, RouterInterface
from alcor.dataplane.packet import Packet
from alcor.dataplane.route_choice import deciding
from alcor.dataplane.routers import data_plane_router, prefix_of
from alcor.model.addresses import Address, address_text, ip_bytes, ip_text, is_link_local, link_local
from alcor.model.identifiers import Id, id_text
from alcor.model.records import RouterInterfaceRecord
from alcor.trace.cloud import Cloud, Port, Router, Subnet, is_in
from alcor.trace.question import answer_to
from alcor.trace.steps import Step, Thing, passes, stops, unknown


class Onward(msgspec.Struct):
    """The steps from a sender to the next workload, which has the address ``next_hop`` in the last of the ``vpcs``.

    Without a ``next_hop`` the way ends: a router answers, or the last step stops.
    """

    steps: list[Step]
    vpcs: list[Id]
    next_hop: bytes = b""


def onward(cloud: Cloud, port: Port, packet: Packet) -> Onward:
    """Where the workload behind a port sends a packet, and where routers send it."""
    way = Onward([], [port.record.vpc_id])
    own = [each for each in _subnets(cloud, port) if each.version() == (6 if packet.ipv6 else 4)]
    link = next((each for each in own if each.covers(packet.destination)), None)
    if packet.ipv6 and is_link_local(packet.destination):
        way.steps.append(passes("neighbour", "A link-local address is that of a neighbour.", port.vpc.thing))
        way.next_hop = packet.destination
    elif link is not None and _router_at(cloud, port.record.vpc_id, packet.destination) is None:
        way.steps.append(
            passes("neighbour", "The destination is in the sender's subnet.", link.thing, link.record.cidr)
        )
        way.next_hop = packet.destination
    elif not own:
        way.steps.append(
            stops(
                "gateway",
                "The sender is in no subnet of this version of IP.",
                port.thing,
                "Give the port a fixed IP of one.",
            )
        )
    else:
        _leave_subnet(cloud, port, link or _subnet_of(own, port, packet.source), packet, way)
    return way


def _leave_subnet(cloud: Cloud, port: Port, subnet: Subnet, packet: Packet, way: Onward) -> None:
    """By a route that DHCP gives the workload, or by the subnet's gateway."""
    hop, detail = _first_hop(cloud, subnet, packet)
    if not hop:
        way.steps.append(
            stops(
                "gateway",
                "The sender's subnet has no gateway, nor a route to the destination.",
                subnet.thing,
                "Give the subnet a gateway_ip, and a router an interface there.",
            )
        )
        return
    arriving = _router_at(cloud, port.record.vpc_id, hop)
    if arriving is not None:
        way.steps.append(passes("gateway", "The sender's gateway is a router.", subnet.thing, detail))
        _follow(cloud, arriving, packet, way)
    elif cloud.port_at(port.record.vpc_id, hop) is not None:
        way.steps.append(passes("gateway", "The sender's next hop is a workload.", subnet.thing, detail))
        way.next_hop = hop
    else:
        way.steps.append(
            stops(
                "gateway",
                "No router, nor any port, has the address of the sender's gateway.",
                subnet.thing,
                "Add an interface of a router to the subnet.",
                detail,
            )
        )


def _first_hop(cloud: Cloud, subnet: Subnet, packet: Packet) -> tuple[bytes, str]:
    """The address that the workload sends it to, and why; empty for none."""
    if packet.destination in _gateways(cloud, subnet):
        return packet.destination, f"gateway {ip_text(packet.destination)}"
    record = subnet.record
    routes = [each for each in record.host_routes if is_in(each[0], packet.destination)]
    if routes:
        destination, next_hop = max(routes, key=lambda each: prefix_of(each[0])[1])
        return ip_bytes(next_hop), f"host route {destination} via {next_hop}"
    if record.gateway_ip:
        return ip_bytes(record.gateway_ip), f"gateway {record.gateway_ip}"
    if record.ipv6_ra_mode:
        for address in _gateways(cloud, subnet):
            return address, f"gateway {ip_text(address)}, advertised"
    return b"", ""


def _gateways(cloud: Cloud, subnet: Subnet) -> list[bytes]:
    """The addresses of routers in a subnet."""
    interfaces = cloud.interfaces(subnet.record.vpc_id)
    return [address for each in interfaces for of, _, address in each.addresses if of == subnet.record.id]


def _follow(cloud: Cloud, arriving: RouterInterfaceRecord, packet: Packet, way: Onward) -> None:
    """From router to router, until one sends the packet to no other."""
    passed: set[tuple[Id, Id]] = set()
    following: RouterInterfaceRecord | None = arriving
    while following is not None:
        router = cloud.router(following.router_id)
        if router is None:
            way.steps.append(
                stops("router", "The router of the interface is not there.", None, "Add the interface of another.")
            )
            return
        trouble = _trouble(router, following, packet)
        if trouble is not None:
            way.steps.append(trouble)
            return
        if (following.router_id, following.id) in passed:
            way.steps.append(
                stops(
                    "route",
                    "Routes lead in a circle, until the packet's time to live ends.",
                    router.thing,
                    "Change the routes of one of the routers.",
                )
            )
            return
        passed.add((following.router_id, following.id))
        next_hop = _route(router, following, packet, way)
        if not next_hop:
            return
        following = _router_at(cloud, way.vpcs[-1], next_hop)
        way.next_hop = next_hop if following is None else b""


def _trouble(router: Router, arriving: RouterInterfaceRecord, packet: Packet) -> Step | None:
    """Why the router does not route, if it does not."""
    record = router.model.record
    if record is None or not record.admin_state_up:
        return stops("router", "The router is administratively down.", router.thing, "Set its admin_state_up to true.")
    if not arriving.admin_state_up:
        thing = Thing("port", id_text(arriving.id))
        return stops(
            "router",
            "The router's interface is administratively down.",
            thing,
            "Set the admin_state_up of the interface's port to true.",
        )
    if packet.ipv6 and is_link_local(packet.source):
        return stops(
            "router",
            "What comes from a link-local address is not routed (RFC 4291).",
            router.thing,
            "Send from a fixed IP.",
        )
    return None


def _route(router: Router, arriving: RouterInterfaceRecord, packet: Packet, way: Onward) -> bytes:
    """The next hop, empty where the way ends."""
    state = data_plane_router(router.model.state(router.tables))
    version, destination = 6 if packet.ipv6 else 4, _address(packet.destination)
    if any(destination in each.own_addresses() for each in state.interfaces):
        way.steps.append(_own_address(router, packet))
        return b""
    came_by = next(
        each
        for each in state.interfaces
        if (each.vni, each.version()) == (arriving.vni, version) and each.mac == arriving.mac
    )
    decides = deciding(state, came_by, destination)
    if decides is None:
        way.steps.append(
            stops(
                "route",
                "The router has no route to the destination: network unreachable.",
                router.thing,
                "Add an interface in the destination's subnet, or a route.",
            )
        )
        return b""
    if isinstance(decides, RouterInterface):
        way.steps.append(
            passes("route", "The router is in the destination's subnet.", router.thing, _network_text(decides))
        )
        way.vpcs.append(_vpc(router, decides.vni))
        return packet.destination
    thing, next_hop = _table(router, arriving, decides)
    detail = f"{_network_text(decides)} via {next_hop or 'nowhere'}"
    if not decides.vni:
        reason = "The route leads nowhere: network unreachable."
        advice = "Remove the route, or name a next hop."
        if next_hop:
            reason = "The route's next hop is in no subnet of the router: network unreachable."
            advice = "Name a next hop in a subnet of the router, or add an interface where it is."
        way.steps.append(stops("route", reason, thing, advice, detail))
        return b""
    if decides.others:
        hops = ", ".join(address_text(each.next_hop) for each in decides.ways())
        way.steps.append(
            unknown(
                "route",
                "Several routes lead to the destination: addresses and ports decide which. The first is followed.",
                thing,
                "Trace to each next hop.",
                f"{_network_text(decides)} via {hops}",
            )
        )
    else:
        way.steps.append(passes("route", "A route leads to the destination.", thing, detail))
    way.vpcs.append(_vpc(router, decides.vni))
    return ip_bytes(address_text(decides.next_hop))


def _own_address(router: Router, packet: Packet) -> Step:
    if packet.protocol in (1, 58) and answer_to(packet) is not None:
        return passes("router", "The destination is the router's own address: it answers.", router.thing)
    return stops(
        "router",
        "The destination is the router's own address, where nothing but echo requests is answered.",
        router.thing,
        "Ask the workload that is meant, or ping.",
    )


def _table(router: Router, arriving: RouterInterfaceRecord, route: Route) -> tuple[Thing, str]:
    """What a route stands in, and its next hop as it stands there."""
    prefix = route.network, route.mask, route.version
    if route.arriving is None:
        assert router.model.record is not None, "a router that routes is known"
        hops = [hop for destination, hop in router.model.record.routes if prefix_of(destination) == prefix]
        return router.thing, _named(route, hops)
    for owner_id in (*(subnet_id for subnet_id, _, _ in arriving.addresses), arriving.vpc_id):
        table = router.tables.get(owner_id)
        hops = [hop for destination, hop, _ in table.routes if prefix_of(destination) == prefix] if table else []
        if hops and (not route.vni or address_text(route.next_hop) in hops):
            return router.table_things[owner_id], _named(route, hops)
    return router.thing, _named(route, [])


def _named(route: Route, hops: Sequence[str]) -> str:
    return address_text(route.next_hop) if route.vni else next(iter(hops), "")


def _router_at(cloud: Cloud, vpc_id: Id, address: bytes) -> RouterInterfaceRecord | None:
    """The router's interface that has an address in a VPC."""
    for each in cloud.interfaces(vpc_id):
        own = {own for _, _, own in each.addresses}
        if any(len(one) == 16 for one in own):
            own.add(link_local(each.mac))
        if address in own:
            return each
    return None


def _vpc(router: Router, vni: int) -> Id:
    return next(each.vpc_id for each in router.model.interfaces.values() if each.vni == vni)


def _subnets(cloud: Cloud, port: Port) -> Iterator[Subnet]:
    """The subnets that the port has addresses in."""
    for subnet_id in dict.fromkeys(subnet_id for subnet_id, _ in port.record.fixed_ips):
        found = cloud.subnet(subnet_id)
        if found is not None:
            yield found


def _subnet_of(subnets: Sequence[Subnet], port: Port, source: bytes) -> Subnet:
    """The subnet of the address that the packet is from, else the first."""
    own = {address: subnet_id for subnet_id, address in port.record.fixed_ips}
    return next((each for each in subnets if each.record.id == own.get(source)), subnets[0])


def _network_text(decides: RouterInterface | Route) -> str:
    version = decides.version() if isinstance(decides, RouterInterface) else decides.version
    packed = decides.network.to_bytes(4 if version == 4 else 16)
    return f"{ip_text(packed)}/{decides.mask.bit_count()}"


def _address(packed: bytes) -> Address:
    return int.from_bytes(packed) if len(packed) == 4 else packed
