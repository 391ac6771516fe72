"""Routers with the ports by which they are in networks, and floating IPs with those they hold and lead to."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from alcor.services.routers.router_ports import FLOATING_IP, GATEWAY, INTERFACE, ROUTER_OWNERS
from alcor.store.tables import floating_ip, ndp_proxy, network, port, port_forwarding, router, subnet
from tests.invariants.database import Database


def _ports(database: Database, owner: str) -> list[Any]:
    return [row for row in database.rows(port) if row.device_owner == owner]


def _addresses(database: Database, port_id: str | None) -> set[str]:
    held = database.addresses_of_ports.get(port_id or "", [])
    return {str(ipaddress.ip_address(bytes(row.ip_address))) for row in held}


def first_gateways_are_gateways(database: Database) -> Iterator[str]:
    """A router has a first gateway when it has any, and it is one of them."""
    gateways: dict[str, set[str]] = {}
    for row in _ports(database, GATEWAY):
        gateways.setdefault(row.device_id, set()).add(row.id)
    for row in database.rows(router):
        its = gateways.get(row.id, set())
        if row.gw_port_id not in (its or {None}):
            yield f"the first gateway of router {row.id} is {row.gw_port_id}; it has {sorted(its)}"


def gateways_are_in_external_networks(database: Database) -> Iterator[str]:
    """So are the ports that hold floating IPs."""
    external = {row.id for row in database.rows(network) if row.external}
    for row in (*_ports(database, GATEWAY), *_ports(database, FLOATING_IP)):
        if row.network_id not in external:
            yield f"port {row.id} of {row.device_owner} is in network {row.network_id}, which is not external"


def interfaces_have_addresses(database: Database) -> Iterator[str]:
    """A router's interface is in a subnet."""
    for row in _ports(database, INTERFACE):
        if not database.addresses_of_ports.get(row.id):
            yield f"interface {row.id} of router {row.device_id} has no address"


def subnets_of_a_router_do_not_overlap(database: Database) -> Iterator[str]:
    """A router knows where each address is: the subnets of its interfaces lie beside each other."""
    ranges = {row.id: ipaddress.ip_network(row.cidr) for row in database.rows(subnet)}
    reached: dict[str, set[str]] = {}
    for row in _ports(database, INTERFACE):
        held = database.addresses_of_ports.get(row.id, [])
        reached.setdefault(row.device_id, set()).update(each.subnet_id for each in held)
    for router_id, subnet_ids in reached.items():
        for version in (4, 6):
            its = sorted(ranges[each] for each in subnet_ids if each in ranges and ranges[each].version == version)
            if any(before.overlaps(after) for before, after in pairwise(its)):
                yield f"subnets of router {router_id} overlap: {[str(each) for each in its]}"


def floating_ips_hold_their_addresses(database: Database) -> Iterator[str]:
    """The port that holds a floating IP's address is its own, in its network; and each such port is one's."""
    ports = database.by_id(port)
    for row in database.rows(floating_ip):
        holder = ports.get(row.floating_port_id)
        if holder is None or (holder.device_owner, holder.device_id) != (FLOATING_IP, row.id):
            yield f"port {row.floating_port_id} is not that of floating IP {row.id}"
        elif holder.network_id != row.floating_network_id:
            yield f"port {holder.id} of floating IP {row.id} is in network {holder.network_id}"
        if row.floating_ip_address not in _addresses(database, row.floating_port_id):
            yield f"floating IP {row.id} does not hold {row.floating_ip_address}"
    for each in _ports(database, FLOATING_IP):
        if each.id not in database.values(floating_ip.c.floating_port_id):
            yield f"port {each.id} holds an address of floating IP {each.device_id}, which has another"


def floating_ips_lead_to_addresses_behind_their_routers(database: Database) -> Iterator[str]:
    """One that leads to a port leads to an address of it, through a router between it and the floating network."""
    gateways = {(row.device_id, row.network_id) for each in ROUTER_OWNERS for row in _ports(database, each)}
    for row in database.rows(floating_ip):
        if row.port_id is None:
            if (row.router_id is None) is (row.id in database.values(port_forwarding.c.floatingip_id)):
                yield f"floating IP {row.id} forwards ports or does not, and leads through router {row.router_id}"
            if row.fixed_ip_address is not None:
                yield f"floating IP {row.id} leads to {row.fixed_ip_address} of no port"
            continue
        if row.fixed_ip_address not in _addresses(database, row.port_id):
            yield f"floating IP {row.id} leads to {row.fixed_ip_address}, which port {row.port_id} does not have"
        if (row.router_id, row.floating_network_id) not in gateways:
            yield f"floating IP {row.id} leads through router {row.router_id}, which has no gateway there"
        if row.status != "ACTIVE":
            yield f"floating IP {row.id} leads to port {row.port_id} and is {row.status}"


def addresses_have_one_floating_ip(database: Database) -> Iterator[str]:
    """Of each external network."""
    rows = [row for row in database.rows(floating_ip) if row.port_id is not None]
    count = Counter((row.port_id, row.fixed_ip_address, row.floating_network_id) for row in rows)
    yield from (f"{times} floating IPs lead to {each}" for each, times in count.items() if times > 1)


def forwardings_lead_to_addresses_of_their_ports(database: Database) -> Iterator[str]:
    """No port forwarding leads to an address that its port does not have."""
    for row in database.rows(port_forwarding):
        if row.internal_ip_address not in _addresses(database, row.internal_port_id):
            yield f"port forwarding {row.id} leads to {row.internal_ip_address} of port {row.internal_port_id}"


def ports_are_forwarded_once(database: Database) -> Iterator[str]:
    """The ports of an address and protocol are one forwarding's, on either side."""
    sides: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for row in database.rows(port_forwarding):
        inside = (row.internal_port_id, row.internal_ip_address, row.protocol)
        sides.setdefault(inside, []).append((row.internal_first, row.internal_last))
        sides.setdefault((row.floatingip_id, row.protocol), []).append((row.external_first, row.external_last))
    for side, ranges in sides.items():
        if any(after[0] <= before[1] for before, after in pairwise(sorted(ranges))):
            yield f"ports of {side} are forwarded twice: {sorted(ranges)}"


def proxies_are_for_addresses_behind_their_routers(database: Database) -> Iterator[str]:
    """A router proxies for an address that its port has, once, and has a gateway as long as it has proxies."""
    routers = database.by_id(router)
    for row in database.rows(ndp_proxy):
        if row.ip_address not in _addresses(database, row.port_id):
            yield f"NDP proxy {row.id} is for {row.ip_address}, which port {row.port_id} does not have"
        its = routers.get(row.router_id)
        if its is not None and its.gw_port_id is None:
            yield f"NDP proxy {row.id} is of router {its.id}, which has no gateway"
    times = Counter((row.router_id, row.ip_address) for row in database.rows(ndp_proxy))
    yield from (f"router and address {each} have {count} NDP proxies" for each, count in times.items() if count > 1)
