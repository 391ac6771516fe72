"""From rows to records: what the change log and a snapshot say of a resource."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alcor.model.addresses import ipv4_number, mac_number
from alcor.model.dns import has_keywords
from alcor.model.identifiers import id_bytes
from alcor.model.records import NodeRecord, PortRecord, RouterRecord, RouteTableRecord, SubnetRecord, VpcRecord


def vpc_record(row: Any) -> VpcRecord:
    """The record of a row of ``network``. A domain that is another one for each caller is none of its DHCP's."""
    domain = json.loads(row.attributes).get("dns_domain", "")
    return VpcRecord(
        id=id_bytes(row.id),
        vni=row.vni,
        mtu=row.mtu,
        dns_domain="" if has_keywords(domain) else domain,
        admin_state_up=bool(row.admin_state_up),
        on_demand=bool(row.on_demand),
        queued=bool(row.queued),
    )


def subnet_record(row: Any, network_acl: str | None) -> SubnetRecord:
    """The record of a row of ``subnet``, and the network ACL that holds for it."""
    attributes = json.loads(row.attributes)
    return SubnetRecord(
        id=id_bytes(row.id),
        vpc_id=id_bytes(row.network_id),
        cidr=row.cidr,
        gateway_ip=row.gateway_ip or "",
        enable_dhcp=bool(row.enable_dhcp),
        dns_nameservers=tuple(attributes.get("dns_nameservers", ())),
        host_routes=tuple((route["destination"], route["nexthop"]) for route in attributes.get("host_routes", ())),
        ipv6_ra_mode=row.ipv6_ra_mode or "",
        ipv6_address_mode=row.ipv6_address_mode or "",
        network_acl=id_bytes(network_acl) if network_acl else b"",
    )


def node_record(row: Any) -> NodeRecord:
    """The record of a row of ``node``."""
    return NodeRecord(
        host_id=row.id,
        host_index=row.host_index,
        local_ip=ipv4_number(row.local_ip),
        topic=row.unicast_topic,
        key=row.group_key,
        generation=row.generation,
        cell=_cell(row.attributes),
    )


class _InCell(msgspec.Struct, frozen=True):
    """What a node's ``attributes`` column says of where it is."""

    cell: str = ""


_decode_in_cell = msgspec.json.Decoder(_InCell).decode


def _cell(attributes: str) -> str:
    """Cells are few and nodes many: those of one cell share its name."""
    return "" if attributes == "{}" else sys.intern(_decode_in_cell(attributes).cell)


def router_record(row: Any) -> RouterRecord:
    """The record of a row of ``router``."""
    routes = json.loads(row.attributes).get("routes", ())
    return RouterRecord(
        id=id_bytes(row.id),
        admin_state_up=bool(row.admin_state_up),
        routes=tuple((route["destination"], route["nexthop"]) for route in routes),
    )


def route_table_record(row: Any) -> RouteTableRecord:
    """The record of a row of ``route_table``. A route that names no next hop leads to no other router or workload."""
    return RouteTableRecord(
        owner_id=id_bytes(row.owner),
        vpc_id=id_bytes(row.vpc_id),
        routes=tuple(
            (route["destination"], route["nexthop"] or "", route["priority"])
            for route in json.loads(row.attributes).get("routes", ())
        ),
    )


def port_record(row: Any, fixed_ips: Iterable[tuple[str, bytes]], security_groups: Sequence[str]) -> PortRecord:
    """The record of a row of ``port``, its allocations (subnet id, packed address) and its security groups."""
    return PortRecord(
        id_bytes(row.id),
        id_bytes(row.network_id),
        row.mac_address,
        tuple([(id_bytes(subnet_id), address) for subnet_id, address in fixed_ips]),
        row.host_id,
        bool(row.admin_state_up),
        *port_details(row.attributes, row.mac_address),
        tuple(map(id_bytes, security_groups)),
        row.device_id,
        row.project_id,
    )


PortDetails = tuple[bool, tuple[tuple[str, int], ...], tuple[tuple[str, str, int], ...], str]
"""Port security, allowed address pairs, DHCP options and host name, as a port's record has them."""

_USUAL: PortDetails = (True, (), (), "")


def port_details(attributes: str, mac: int) -> PortDetails:
    """What a port's record says from its ``attributes`` column."""
    if attributes == "{}":
        return _USUAL
    given = json.loads(attributes)
    address_pairs = tuple(
        (pair["ip_address"], mac_number(pair["mac_address"]) if pair.get("mac_address") else mac)
        for pair in given.get("allowed_address_pairs", ())
    )
    dhcp_options = tuple(
        (option["opt_name"], option["opt_value"], int(option.get("ip_version", 4)))
        for option in given.get("extra_dhcp_opts", ())
    )
    return given.get("port_security_enabled", True), address_pairs, dhcp_options, given.get("dns_name", "")
