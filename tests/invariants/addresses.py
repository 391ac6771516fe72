"""Subnets, and the addresses of them that are held."""

import ipaddress
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from alcor.services.ports.port_json import members_of
from alcor.store.tables import (
    ip_allocation,
    ip_reservation,
    local_ip,
    local_ip_association,
    port,
    port_security_group,
    subnet,
)
from tests.invariants.database import Database, attributes_of


def addresses_lie_in_their_subnets(database: Database) -> Iterator[str]:
    """Those of ports and those given out to none."""
    ranges = {row.id: ipaddress.ip_network(row.cidr) for row in database.rows(subnet)}
    for table in (ip_allocation, ip_reservation):
        for row in database.rows(table):
            address = ipaddress.ip_address(bytes(row.ip_address))
            if row.subnet_id in ranges and address not in ranges[row.subnet_id]:
                yield f"{address} is not in {ranges[row.subnet_id]}"


def addresses_are_of_the_ports_own_network(database: Database) -> Iterator[str]:
    """A port has addresses of subnets of its network only."""
    networks = {row.id: row.network_id for row in database.rows(subnet)}
    ports = {row.id: row.network_id for row in database.rows(port)}
    for row in database.rows(ip_allocation):
        if ports.get(row.port_id) != networks.get(row.subnet_id):
            yield f"port {row.port_id} has an address of subnet {row.subnet_id}, of another network"


def addresses_are_held_once(database: Database) -> Iterator[str]:
    """What a port holds is given out to nobody else."""
    held = {(row.subnet_id, bytes(row.ip_address)) for row in database.rows(ip_allocation)}
    for row in database.rows(ip_reservation):
        if (row.subnet_id, bytes(row.ip_address)) in held:
            yield f"{ipaddress.ip_address(bytes(row.ip_address))} of {row.subnet_id} is a port's, too"


def addresses_of_ports_are_numbered(database: Database) -> Iterator[str]:
    """A port's addresses have an order: 0, 1, 2, …"""
    for port_id, rows in database.addresses_of_ports.items():
        positions = [row.position for row in rows]
        if positions != list(range(len(rows))):
            yield f"the addresses of port {port_id} are numbered {positions}"


def ports_show_what_they_are(database: Database) -> Iterator[str]:
    """A port's row has as JSON what its other columns say, its addresses and its security groups."""
    groups = database.grouped(port_security_group.c.port_id)
    for row in database.rows(port):
        held = [
            {"subnet_id": each.subnet_id, "ip_address": str(ipaddress.ip_address(bytes(each.ip_address)))}
            for each in database.addresses_of_ports.get(row.id, ())
        ]
        its_groups = sorted(each.security_group_id for each in groups.get(row.id, ()))
        shown, expected = json.loads(row.shown), members_of(row, held, its_groups)
        if shown != expected:
            wrong = sorted(name for name in {*shown, *expected} if shown.get(name) != expected.get(name))
            yield f"port {row.id} shows {[(name, shown.get(name), expected.get(name)) for name in wrong]}"


def subnets_of_a_network_do_not_overlap(database: Database) -> Iterator[str]:
    """An address of a network is of one subnet."""
    ranges: dict[Any, list[Any]] = defaultdict(list)
    for row in database.rows(subnet):
        ranges[row.network_id, row.ip_version].append(ipaddress.ip_network(row.cidr))
    for (network_id, _), its in ranges.items():
        its.sort()
        for before, after in pairwise(its):
            if before.overlaps(after):
                yield f"{before} and {after} of network {network_id} overlap"


def subnets_are_what_their_ranges_say(database: Database) -> Iterator[str]:
    """A subnet's first address and version are those of its range, its pools lie inside, and not on its gateway."""
    for row in database.rows(subnet):
        whole = ipaddress.ip_network(row.cidr)
        if (row.ip_version, bytes(row.first_address)) != (whole.version, whole.network_address.packed):
            yield f"subnet {row.id} is not of version {row.ip_version}, or does not begin where it says"
        for pool in attributes_of(row).get("allocation_pools", []):
            start, end = ipaddress.ip_address(pool["start"]), ipaddress.ip_address(pool["end"])
            if not (start in whole and end in whole and start <= end):
                yield f"the pool from {start} to {end} is not inside of {whole}"
            elif row.gateway_ip and start <= ipaddress.ip_address(row.gateway_ip) <= end:
                yield f"the gateway {row.gateway_ip} is in the pool from {start} to {end}"


def local_ips_are_addresses_of_their_ports(database: Database) -> Iterator[str]:
    """The port of a local IP has its address, and those that answer to it have the addresses that they do so with."""
    held = {
        port_id: {str(ipaddress.ip_address(bytes(row.ip_address))) for row in rows}
        for port_id, rows in database.addresses_of_ports.items()
    }
    for row in database.rows(local_ip):
        if row.local_ip_address not in held.get(row.local_port_id, ()):
            yield f"port {row.local_port_id} does not have {row.local_ip_address} of local IP {row.id}"
    for row in database.rows(local_ip_association):
        if row.id != f"{row.local_ip_id}/{row.fixed_port_id}":
            yield f"local IP association {row.id} is of {row.local_ip_id} and {row.fixed_port_id}"
        if row.fixed_ip not in held.get(row.fixed_port_id, ()):
            yield f"port {row.fixed_port_id} does not have {row.fixed_ip} of local IP association {row.id}"
