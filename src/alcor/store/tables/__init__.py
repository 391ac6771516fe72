"""The tables, as SQLAlchemy Core knows them. Migrations in store/migrations must lead to exactly this.

Ids are 36-character UUID text. IP addresses are packed bytes (4 or 16), which sort as the addresses do; MAC
addresses are 48-bit integers. Timestamps are whole seconds since the epoch, UTC. Attributes that are never filtered
or sorted on live together in a JSON text column ``attributes``.
"""

from alcor.store.tables.accounts import auto_allocated_topology, quota, quota_reservation, quota_usage, rbac_policy, tag
from alcor.store.tables.base import metadata
from alcor.store.tables.bindings import port_binding
from alcor.store.tables.change_log import change_log, change_log_head
from alcor.store.tables.compute import compute_event
from alcor.store.tables.elastic_ips import elastic_ip, elastic_ip_range
from alcor.store.tables.flavors import flavor, flavor_service_profile, service_profile
from alcor.store.tables.gateways import (
    gateway,
    gateway_attachment,
    gateway_attachment_subnet,
    gateway_propagation,
    gateway_route_table,
)
from alcor.store.tables.hosts import (
    agent,
    controller,
    host_group,
    host_health,
    host_session,
    ncm,
    node,
    secret,
    unreached_host,
)
from alcor.store.tables.metering import log, metering_label, metering_label_rule
from alcor.store.tables.network import ip_allocation, network, port, subnet
from alcor.store.tables.network_acls import network_acl, network_acl_rule, network_acl_subnet
from alcor.store.tables.numbers import (
    free_range,
    ip_reservation,
    mac_range,
    mac_reservation,
    network_segment_range,
    number_pool,
)
from alcor.store.tables.qos import qos_attachment, qos_policy, qos_rule
from alcor.store.tables.routers import (
    conntrack_helper,
    floating_ip,
    local_ip,
    local_ip_association,
    ndp_proxy,
    port_forwarding,
    router,
)
from alcor.store.tables.security import (
    address_group,
    default_security_group_rule,
    port_security_group,
    security_group,
    security_group_default_statefulness,
    security_group_rule,
    security_group_size,
)
from alcor.store.tables.segments import segment
from alcor.store.tables.subnet_pools import address_scope, free_prefix, subnetpool
from alcor.store.tables.trunks import sub_port, trunk
from alcor.store.tables.trust import authority, join_token
from alcor.store.tables.vpc_routers import route_table, vpc_router

__all__ = [
    "address_group",
    "address_scope",
    "agent",
    "authority",
    "auto_allocated_topology",
    "change_log",
    "change_log_head",
    "compute_event",
    "conntrack_helper",
    "controller",
    "default_security_group_rule",
    "elastic_ip",
    "elastic_ip_range",
    "flavor",
    "flavor_service_profile",
    "floating_ip",
    "free_prefix",
    "free_range",
    "gateway",
    "gateway_attachment",
    "gateway_attachment_subnet",
    "gateway_propagation",
    "gateway_route_table",
    "host_group",
    "host_health",
    "host_session",
    "ip_allocation",
    "ip_reservation",
    "join_token",
    "local_ip",
    "local_ip_association",
    "log",
    "mac_range",
    "mac_reservation",
    "metadata",
    "metering_label",
    "metering_label_rule",
    "ncm",
    "ndp_proxy",
    "network",
    "network_acl",
    "network_acl_rule",
    "network_acl_subnet",
    "network_segment_range",
    "node",
    "number_pool",
    "port",
    "port_binding",
    "port_forwarding",
    "port_security_group",
    "qos_attachment",
    "qos_policy",
    "qos_rule",
    "quota",
    "quota_reservation",
    "quota_usage",
    "rbac_policy",
    "route_table",
    "router",
    "secret",
    "security_group",
    "security_group_default_statefulness",
    "security_group_rule",
    "security_group_size",
    "segment",
    "service_profile",
    "sub_port",
    "subnet",
    "subnetpool",
    "tag",
    "trunk",
    "unreached_host",
    "vpc_router",
]
