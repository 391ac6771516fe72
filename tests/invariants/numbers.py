"""Pools of numbers: what is taken and what is free is the whole pool, and no number is taken twice."""

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from alcor.model.number_ranges import Range, normalised, runs
from alcor.model.resources.network import LARGEST_VNI
from alcor.store.tables import (
    elastic_ip,
    free_range,
    ip_allocation,
    ip_reservation,
    mac_range,
    mac_reservation,
    network,
    network_segment_range,
    node,
    number_pool,
    port,
    segment,
    subnet,
)
from tests.invariants import elastic_ips
from tests.invariants.database import Database, attributes_of

_TUNNELS = {"geneve", "gre"}
_EVERYBODYS = {"vni", "mac", "host_index", "elastic_ipv4", "elastic_ipv6"} | _TUNNELS


def free_ranges_are_disjoint_and_apart(database: Database) -> Iterator[str]:
    """Free numbers are written in one way only: whoever looks for them relies on it."""
    for pool_id, ranges in _free(database).items():
        if ranges != normalised(ranges):
            yield f"the free ranges of {pool_id} overlap or touch"


def every_pool_is_somebodys(database: Database) -> Iterator[str]:
    """Each subnet has its pool, and there are no others but those of all."""
    wanted = _EVERYBODYS | database.values(subnet.c.id)
    yield from (f"pool {each} is nobody's" for each in database.values(number_pool.c.id) - wanted)
    yield from (f"{each} has no pool" for each in wanted - database.values(number_pool.c.id))


def taken_and_free_are_the_whole_pool(database: Database) -> Iterator[str]:
    """No number has leaked, none comes from nowhere, none is both."""
    free = _free(database)
    for pool_id, whole, taken in _pools(database):
        inside = {number for number in taken if any(first <= number <= last for first, last in whole)}
        available = free.get(pool_id, [])
        for number in sorted(inside):
            if any(first <= number <= last for first, last in available):
                yield f"{number} of {pool_id} is taken and free"
        if normalised([*runs(inside), *available]) != whole:
            yield f"numbers of {pool_id} have leaked, or come from nowhere"


def nodes_indexes_are_not_free(database: Database) -> Iterator[str]:
    """The index of a node is its own, and never another's."""
    free = _free(database)["host_index"]
    for row in database.rows(node):
        if any(first <= row.host_index <= last for first, last in free):
            yield f"{row.host_index} of node {row.id} is free"


def vnis_are_of_one_segment(database: Database) -> Iterator[str]:
    """Nor is a VLAN of a physical network, or a flat one, in two networks."""
    rows = [row for row in database.rows(segment) if row.network_type != "local"]
    count = Counter((row.network_type, row.physical_network, row.segmentation_id) for row in rows)
    yield from (f"{each} is of {times} segments" for each, times in count.items() if times > 1)


def ranges_of_vnis_do_not_overlap(database: Database) -> Iterator[str]:
    """Only the default one is all others, too."""
    ranges: dict[tuple[str, str | None], list[Range]] = defaultdict(list)
    for row in database.rows(network_segment_range):
        if not row.is_default:
            ranges[row.network_type, row.physical_network].append((row.minimum, row.maximum))
    for each in ranges.values():
        yield from _overlaps(each)


def ranges_of_macs_do_not_overlap(database: Database) -> Iterator[str]:
    """An address is of one range."""
    yield from _overlaps((row.first, row.last) for row in database.rows(mac_range))


def ranges_of_elastic_ips_do_not_overlap(database: Database) -> Iterator[str]:
    """An address is of one range."""
    for version in (4, 6):
        yield from _overlaps(elastic_ips.whole(database, version))


def _overlaps(ranges: Iterable[Range]) -> Iterator[str]:
    before: Range | None = None
    for each in sorted(ranges):
        if before is not None and each[0] <= before[1]:
            yield f"{each} overlaps with {before}"
        before = each


def _free(database: Database) -> Mapping[str, list[Range]]:
    free: dict[str, list[Range]] = defaultdict(list)
    for row in sorted(database.rows(free_range), key=lambda row: (row.pool_id, bytes(row.last))):
        free[row.pool_id].append((int.from_bytes(row.first), int.from_bytes(row.last)))
    return free


def _pools(database: Database) -> Iterator[tuple[str, list[Range], set[int]]]:
    """Each pool: its id, its numbers, and those that are taken, of it or not."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for row in database.rows(segment):
        numbers[row.network_type].add(row.segmentation_id)
    yield "vni", [(1, LARGEST_VNI)], database.values(network.c.vni) | numbers["vxlan"]
    for name in sorted(_TUNNELS):
        yield name, [(1, LARGEST_VNI)], numbers[name]
    active = [(row.first, row.last) for row in database.rows(mac_range) if row.state == "Active"]
    macs = database.values(port.c.mac_address) | database.values(mac_reservation.c.mac_address)
    yield "mac", normalised(active), macs
    for version in (4, 6):
        rows = [row for row in database.rows(elastic_ip) if row.elastic_ip_version == version]
        elastic = {int(ipaddress.ip_address(row.elastic_ip)) for row in rows}
        yield f"elastic_ipv{version}", normalised(elastic_ips.whole(database, version)), elastic
    held: dict[str, set[int]] = defaultdict(set)
    for table in (ip_allocation, ip_reservation):
        for row in database.rows(table):
            held[row.subnet_id].add(int.from_bytes(row.ip_address))
    for row in database.rows(subnet):
        pools = attributes_of(row).get("allocation_pools", [])
        whole = [(int(ipaddress.ip_address(each["start"])), int(ipaddress.ip_address(each["end"]))) for each in pools]
        yield row.id, normalised(whole), held[row.id]
