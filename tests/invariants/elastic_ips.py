"""Elastic IPs and their ranges."""

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address

from alcor.model.addresses import ip_text
from alcor.model.number_ranges import Range
from alcor.store.tables import elastic_ip, elastic_ip_range
from tests.invariants.database import Database, attributes_of


def whole(database: Database, version: int) -> list[Range]:
    """The parts of all ranges of an IP version, in order."""
    rows = [row for row in database.rows(elastic_ip_range) if row.ip_version == version]
    parts = [part for row in rows for part in attributes_of(row).get("allocation_ranges", [])]
    return sorted((int(ip_address(part["start"])), int(ip_address(part["end"]))) for part in parts)


def elastic_ips_are_of_ranges(database: Database) -> Iterator[str]:
    """Of one of their IP version."""
    ranges = {version: whole(database, version) for version in (4, 6)}
    for row in database.rows(elastic_ip):
        address = ip_address(row.elastic_ip)
        within = any(first <= int(address) <= last for first, last in ranges[row.elastic_ip_version])
        if not within or address.version != row.elastic_ip_version:
            yield f"{row.elastic_ip} is of no range of IPv{row.elastic_ip_version}"


def elastic_ips_lead_to_addresses_of_their_ports(database: Database) -> Iterator[str]:
    """No two of them to one."""
    seen: dict[tuple[str, str], str] = defaultdict(str)
    for row in database.rows(elastic_ip):
        if row.port_id is None:
            if row.private_ip is not None:
                yield f"{row.id} leads to {row.private_ip} of no port"
            continue
        held = {ip_text(bytes(each.ip_address)) for each in database.addresses_of_ports.get(row.port_id, ())}
        if row.private_ip not in held:
            yield f"{row.id} leads to {row.private_ip}, which port {row.port_id} does not have"
        if other := seen[row.port_id, row.private_ip]:
            yield f"{row.id} and {other} lead to {row.private_ip} of port {row.port_id}"
        seen[row.port_id, row.private_ip] = row.id
