"""Routers and floating IPs, and what belongs to them."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from alcor.store.tables.base import metadata, revision_columns, standard_columns

# A router's interfaces and gateways are the ports whose device it is (ports of the owners network:router_interface and
# network:router_gateway); gw_port_id is the gateway that external_gateway_info shows.
router = Table(
    "router",
    metadata,
    *standard_columns(),
    Column("admin_state_up", Boolean, nullable=False),
    Column("enable_ndp_proxy", Boolean, nullable=False),
    Column("enable_snat", Boolean, nullable=False),
    Column("gw_port_id", String(36), nullable=True),
    Column("flavor_id", String(36), nullable=True),
    Column("attributes", Text, nullable=False),  # routes, flags, availability zone hints, …
    Index("ix_router_project_id", "project_id", "id"),
    Index("ix_router_flavor_id", "flavor_id"),
)

# floating_port_id is the port that holds the address on the external network; port_id, fixed_ip_address and router_id
# say where it leads to, if anywhere.
floating_ip = Table(
    "floating_ip",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("description", String(255), nullable=False),
    *revision_columns(),
    Column("floating_network_id", String(36), nullable=False),
    Column("floating_ip_address", String(64), nullable=False),
    Column("floating_port_id", String(36), nullable=False),
    Column("router_id", String(36), nullable=True),
    Column("port_id", String(36), nullable=True),
    Column("fixed_ip_address", String(64), nullable=True),
    Column("status", String(16), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_floating_ip_project_id", "project_id", "id"),
    Index("ix_floating_ip_port_id", "port_id"),
    Index("ix_floating_ip_router_id", "router_id"),
    Index("ix_floating_ip_floating_network_id", "floating_network_id", "id"),
    Index("ix_floating_ip_floating_ip_address", "floating_ip_address"),
)

conntrack_helper = Table(
    "conntrack_helper",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),  # the router's
    Column("router_id", String(36), nullable=False),
    Column("protocol", String(16), nullable=False),
    Column("port", Integer, nullable=False),
    Column("helper", String(64), nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_conntrack_helper_router_id", "router_id", "id"),
)

# The ports from *_first to *_last are what the ranges say, and the single ports where a range is one.
port_forwarding = Table(
    "port_forwarding",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),  # the floating IP's
    Column("floatingip_id", String(36), nullable=False),
    Column("protocol", String(16), nullable=False),
    Column("internal_port_id", String(36), nullable=False),
    Column("internal_ip_address", String(64), nullable=False),
    Column("internal_port", Integer, nullable=True),
    Column("internal_port_range", String(11), nullable=False),
    Column("internal_first", Integer, nullable=False),
    Column("internal_last", Integer, nullable=False),
    Column("external_port", Integer, nullable=True),
    Column("external_port_range", String(11), nullable=False),
    Column("external_first", Integer, nullable=False),
    Column("external_last", Integer, nullable=False),
    Column("description", String(1024), nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_port_forwarding_floatingip_id", "floatingip_id", "id"),
    Index("ix_port_forwarding_internal_port_id", "internal_port_id"),
)

ndp_proxy = Table(
    "ndp_proxy",
    metadata,
    *standard_columns(1024),
    Column("router_id", String(36), nullable=False),
    Column("port_id", String(36), nullable=False),
    Column("ip_address", String(64), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_ndp_proxy_project_id", "project_id", "id"),
    Index("ix_ndp_proxy_router_id", "router_id", "ip_address"),
    Index("ix_ndp_proxy_port_id", "port_id"),
)

# local_port_id is the port that holds the address; others answer to it when they are associated.
local_ip = Table(
    "local_ip",
    metadata,
    *standard_columns(1024),
    Column("local_port_id", String(36), nullable=False),
    Column("network_id", String(36), nullable=False),
    Column("local_ip_address", String(64), nullable=False),
    Column("ip_mode", String(16), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_local_ip_project_id", "project_id", "id"),
    Index("ix_local_ip_local_port_id", "local_port_id"),
)

local_ip_association = Table(
    "local_ip_association",
    metadata,
    Column("id", String(73), primary_key=True),  # local_ip_id/fixed_port_id
    Column("project_id", String(255), nullable=False),  # the local IP's
    Column("local_ip_id", String(36), nullable=False),
    Column("fixed_port_id", String(36), nullable=False),
    Column("fixed_ip", String(64), nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_local_ip_association_local_ip_id", "local_ip_id", "id"),
    Index("ix_local_ip_association_fixed_port_id", "fixed_port_id"),
)
