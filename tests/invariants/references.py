"""Which columns say which row of which table they mean: data, so that a table more is a line more."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Column

from alcor.store import tables
from tests.invariants.database import Database


class Reference(msgspec.Struct, frozen=True):
    """A column whose values are in another, or are nothing: NULL, '' or one of ``besides``.

    Where what is meant depends on another column, ``to`` has a column for each of its values; ``open_kinds`` says that
    of other values nothing is known, else there are none.
    """

    column: Column[Any]
    to: Column[Any] | Mapping[str, Column[Any]]
    kind: Column[Any] | None = None
    open_kinds: bool = False
    besides: frozenset[str] = frozenset()


REFERENCES = (
    Reference(tables.agent.c.host, tables.node.c.id),
    Reference(tables.conntrack_helper.c.router_id, tables.router.c.id),
    Reference(
        tables.default_security_group_rule.c.remote_group_id, tables.security_group.c.id, besides=frozenset({"PARENT"})
    ),
    Reference(tables.auto_allocated_topology.c.network_id, tables.network.c.id),
    Reference(tables.default_security_group_rule.c.remote_address_group_id, tables.address_group.c.id),
    Reference(tables.elastic_ip.c.port_id, tables.port.c.id),
    Reference(tables.flavor_service_profile.c.flavor_id, tables.flavor.c.id),
    Reference(tables.flavor_service_profile.c.service_profile_id, tables.service_profile.c.id),
    Reference(tables.floating_ip.c.floating_network_id, tables.network.c.id),
    Reference(tables.floating_ip.c.floating_port_id, tables.port.c.id),
    Reference(tables.floating_ip.c.port_id, tables.port.c.id),
    Reference(tables.floating_ip.c.router_id, tables.router.c.id),
    Reference(tables.free_range.c.pool_id, tables.number_pool.c.id),
    Reference(tables.gateway_attachment.c.gateway_id, tables.gateway.c.id),
    Reference(
        tables.gateway_attachment.c.resource_id,
        {"VPC": tables.network.c.id, "VPCPEERING": tables.network.c.id},
        kind=tables.gateway_attachment.c.type,
        open_kinds=True,
    ),
    Reference(tables.gateway_attachment.c.route_table_id, tables.gateway_route_table.c.id),
    Reference(tables.gateway_attachment_subnet.c.attachment_id, tables.gateway_attachment.c.id),
    Reference(tables.gateway_attachment_subnet.c.subnet_id, tables.subnet.c.id),
    Reference(tables.gateway_propagation.c.attachment_id, tables.gateway_attachment.c.id),
    Reference(tables.gateway_propagation.c.route_table_id, tables.gateway_route_table.c.id),
    Reference(tables.gateway_route_table.c.gateway_id, tables.gateway.c.id),
    Reference(tables.host_session.c.controller_id, tables.controller.c.id),
    Reference(tables.ip_allocation.c.port_id, tables.port.c.id),
    Reference(tables.ip_allocation.c.subnet_id, tables.subnet.c.id),
    Reference(tables.ip_reservation.c.subnet_id, tables.subnet.c.id),
    Reference(tables.local_ip.c.local_port_id, tables.port.c.id),
    Reference(tables.local_ip.c.network_id, tables.network.c.id),
    Reference(tables.local_ip_association.c.fixed_port_id, tables.port.c.id),
    Reference(tables.local_ip_association.c.local_ip_id, tables.local_ip.c.id),
    Reference(
        tables.log.c.resource_id, {"security_group": tables.security_group.c.id}, kind=tables.log.c.resource_type
    ),
    Reference(tables.log.c.target_id, tables.port.c.id),
    Reference(tables.metering_label_rule.c.metering_label_id, tables.metering_label.c.id),
    Reference(tables.ndp_proxy.c.port_id, tables.port.c.id),
    Reference(tables.ndp_proxy.c.router_id, tables.router.c.id),
    Reference(tables.network_acl.c.vpc_id, tables.network.c.id),
    Reference(tables.network_acl_rule.c.network_acl_id, tables.network_acl.c.id),
    Reference(tables.network_acl_subnet.c.network_acl_id, tables.network_acl.c.id),
    Reference(tables.network_acl_subnet.c.subnet_id, tables.subnet.c.id),
    Reference(
        tables.port.c.device_id,
        {
            "network:router_interface": tables.router.c.id,
            "network:router_gateway": tables.router.c.id,
            "network:floatingip": tables.floating_ip.c.id,
            "network:local_ip": tables.local_ip.c.id,
        },
        kind=tables.port.c.device_owner,
        open_kinds=True,
    ),
    Reference(tables.port.c.network_id, tables.network.c.id),
    Reference(tables.port_binding.c.port_id, tables.port.c.id),
    Reference(tables.port_forwarding.c.floatingip_id, tables.floating_ip.c.id),
    Reference(tables.port_forwarding.c.internal_port_id, tables.port.c.id),
    Reference(tables.port_security_group.c.port_id, tables.port.c.id),
    Reference(tables.port_security_group.c.security_group_id, tables.security_group.c.id),
    Reference(
        tables.qos_attachment.c.object_id,
        {
            "network": tables.network.c.id,
            "port": tables.port.c.id,
            "floatingip": tables.floating_ip.c.id,
            "router": tables.router.c.id,
        },
        kind=tables.qos_attachment.c.object_type,
    ),
    Reference(tables.qos_attachment.c.policy_id, tables.qos_policy.c.id),
    Reference(tables.qos_rule.c.qos_policy_id, tables.qos_policy.c.id),
    Reference(
        tables.rbac_policy.c.object_id,
        {
            "address_group": tables.address_group.c.id,
            "address_scope": tables.address_scope.c.id,
            "network": tables.network.c.id,
            "qos_policy": tables.qos_policy.c.id,
            "security_group": tables.security_group.c.id,
            "subnetpool": tables.subnetpool.c.id,
        },
        kind=tables.rbac_policy.c.object_type,
    ),
    Reference(
        tables.route_table.c.owner,
        {
            "vpc": tables.network.c.id,
            **dict.fromkeys(("public_subnet", "private_subnet", "neutron_subnet"), tables.subnet.c.id),
        },
        kind=tables.route_table.c.route_table_type,
    ),
    Reference(tables.route_table.c.vpc_id, tables.vpc_router.c.vpc_id),
    Reference(tables.router.c.flavor_id, tables.flavor.c.id),
    Reference(tables.router.c.gw_port_id, tables.port.c.id),
    Reference(tables.security_group_rule.c.remote_address_group_id, tables.address_group.c.id),
    Reference(tables.security_group_rule.c.remote_group_id, tables.security_group.c.id),
    Reference(tables.security_group_rule.c.security_group_id, tables.security_group.c.id),
    Reference(tables.security_group_size.c.security_group_id, tables.security_group.c.id),
    Reference(tables.segment.c.network_id, tables.network.c.id),
    Reference(tables.sub_port.c.port_id, tables.port.c.id),
    Reference(tables.sub_port.c.trunk_id, tables.trunk.c.id),
    Reference(tables.subnet.c.network_id, tables.network.c.id),
    Reference(tables.subnet.c.segment_id, tables.segment.c.id),
    Reference(tables.subnet.c.subnetpool_id, tables.subnetpool.c.id),
    Reference(tables.subnetpool.c.address_scope_id, tables.address_scope.c.id),
    Reference(tables.free_prefix.c.pool_id, tables.subnetpool.c.id),
    Reference(tables.trunk.c.port_id, tables.port.c.id),
    Reference(tables.vpc_router.c.vpc_id, tables.network.c.id),
)

NO_REFERENCES = {
    "auto_allocated_topology.router_id": "a router that may be deleted by itself",
    "project_id": "Keystone's",
    "segmentation_id": "a number",
    "host_id": "a host need not be a node, or not yet",
    "unreached_host.peer_id": "a host need not be a node, or not yet",
    "host_session.session_id": "it is what makes the row another one",
    "compute_event.device_id": "a server of Nova's",
    "compute_event.port_id": "that a port is gone is told, too",
    "change_log_head.log_id": "it is what makes the log another one",
    "mac_reservation.vpc_id": "whatever the client said",
    "mac_reservation.port_id": "whatever the client said",
    "tag.resource_id": "tags.tags_are_found_as_they_are_shown",
}
"""Columns, or names of columns of any table, that end with _id and refer to no row of a table, and why."""


def rows_refer_to_what_there_is(database: Database) -> Iterator[str]:
    """No row of any table names one that is not there."""
    for reference in REFERENCES:
        table, name = reference.column.table, reference.column.name
        for row in database.rows(table):
            value = getattr(row, name)
            if value in (None, "") or value in reference.besides:
                continue
            target = _target(reference, row)
            if target is None:
                kind = getattr(row, reference.kind.name) if reference.kind is not None else ""
                if not reference.open_kinds:
                    yield f"{table.name}.{name} {value}: nobody knows what a {kind} is"
            elif value not in database.values(target):
                yield f"{table.name}.{name} {value}: there is no such {target.table.name}"


def _target(reference: Reference, row: Any) -> Column[Any] | None:
    if reference.kind is None:
        assert isinstance(reference.to, Column)
        return reference.to
    assert isinstance(reference.to, Mapping)
    return reference.to.get(getattr(row, reference.kind.name))
