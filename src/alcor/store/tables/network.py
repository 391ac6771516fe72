"""Networks, subnets, ports and the addresses that ports hold."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from alcor.store.tables.base import ALL_VALUES, FINDS_FEW, PARTLY_INDEXED, metadata, standard_columns


def _partial_index(name: str, condition: str, *columns: str, **options: Any) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition), **options)


network = Table(
    "network",
    metadata,
    *standard_columns(),
    Column("admin_state_up", Boolean, nullable=False),
    Column("external", Boolean, nullable=False),
    Column("mtu", Integer, nullable=False),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", String(64), nullable=True),
    Column("segmentation_id", BigInteger, nullable=True),  # that of its main segment
    Column("attributes", Text, nullable=False),
    # Of its ports, how many are bound to a host; and what follows from it for hosts (model.programming).
    Column("bound_ports", BigInteger, nullable=False, server_default="0"),
    Column("on_demand", Boolean, nullable=False, server_default=false()),
    Column("queued", Boolean, nullable=False, server_default=false()),
    # Whether a port of another project was ever made in it: its owner is shown those, too.
    Column("guests", Boolean, nullable=False, server_default=false()),
    Column("is_default", Boolean, nullable=False, server_default=false()),  # of the external networks
    Column("vni", BigInteger, nullable=False),  # as which hosts carry it
    UniqueConstraint("vni", name="uq_network_segmentation_id"),  # what the column was called before
    Index("ix_network_segmentation_id", "segmentation_id", "id"),
    Index("ix_network_project_id", "project_id", "id"),
)


def _for_some_ports(of: str = "") -> str:
    own = "('slaac', 'dhcpv6-stateless')"
    return (
        f"""({of}attributes LIKE '%"service_types"%' OR coalesce({of}ipv6_address_mode, '') IN {own} """
        f"OR coalesce({of}ipv6_ra_mode, '') IN {own})"
    )


FOR_SOME_PORTS = _for_some_ports("subnet.")
"""Which subnets are for ports of some kinds only, or have ports make their own addresses, in the words that a statement
must say to be given their index. They may be true of others, too.
"""

subnet = Table(
    "subnet",
    metadata,
    *standard_columns(),
    Column("network_id", String(36), ForeignKey("network.id"), nullable=False),
    Column("ip_version", Integer, nullable=False),
    Column("cidr", String(64), nullable=False),
    Column("gateway_ip", String(64), nullable=True),
    Column("enable_dhcp", Boolean, nullable=False),
    # allocation_pools, dns_nameservers, host_routes, …
    Column("attributes", Text, nullable=False),
    Column("first_address", LargeBinary(16), nullable=False, server_default=text("''")),  # of the cidr
    Column("segment_id", String(36), nullable=True),
    Column("subnetpool_id", String(36), nullable=True),
    Column("ipv6_address_mode", String(32), nullable=True),
    Column("ipv6_ra_mode", String(32), nullable=True),
    Index("ix_subnet_segment_id", "segment_id"),
    Index("ix_subnet_subnetpool_id", "subnetpool_id", "project_id"),
    Index("ix_subnet_network_id", "network_id", "id"),
    Index("ix_subnet_first_address", "network_id", "ip_version", "first_address"),
    Index("ix_subnet_pools_beside", "network_id", "ip_version", "subnetpool_id"),
    Index("ix_subnet_project_id", "project_id", "id"),
    _partial_index("ix_subnet_for_some_ports", _for_some_ports(), "network_id", "ip_version", "id"),
    _partial_index("ix_subnet_for_any_port", f"NOT {_for_some_ports()}", "network_id", "ip_version", "id"),
)


def _is_of_networks(device_owner: str) -> bool:
    return device_owner.startswith("network:")


_NETWORKS_PORTS = "device_owner LIKE 'network:%'"
OF_NETWORKS = text(f"port.{_NETWORKS_PORTS}")
"""Which ports the cloud itself made for networks, in the words that a statement must say to be given their indexes."""

_NAMED = "name <> ''"
_OF_NAMED = text(f"port.{_NAMED}")

NOTHING_SHOWN = '{"fixed_ips":[],"security_groups":[]}'
"""What a port shows that has neither addresses nor security groups."""

port = Table(
    "port",
    metadata,
    *standard_columns(name_info={PARTLY_INDEXED: (bool, _OF_NAMED)}),
    Column("network_id", String(36), ForeignKey("network.id"), nullable=False),
    Column("mac_address", BigInteger, nullable=False),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False, info={ALL_VALUES: ("ACTIVE", "DOWN")}),
    Column("device_id", String(255), nullable=False),
    Column("device_owner", String(255), nullable=False, info={PARTLY_INDEXED: (_is_of_networks, OF_NETWORKS)}),
    Column("host_id", String(255), nullable=False),  # binding:host_id, '' while unbound
    # binding profile and vnic type, DHCP options, address pairs, …; '{}' when all are defaults
    Column("attributes", Text, nullable=False),
    # As JSON what it shows that nobody else changes and all see, its addresses and security groups among it.
    Column("shown", Text, nullable=False, server_default=NOTHING_SHOWN),
    # Whose network it is in, where that is another project's: it is shown the port, too.
    Column("guest_of", String(255), nullable=True),
    # The change log's position before the entry that had its host begin anew with it: what a host says of goal states
    # up to here is of an earlier stay of the port.
    Column("heard_after", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("mac_address", "network_id"),
    Index("ix_port_project_id", "project_id", "id"),
    Index("ix_port_network_id", "network_id", "id"),
    Index("ix_port_network_id_project_id", "network_id", "project_id", "id"),
    Index("ix_port_device_id", "device_id"),
    Index("ix_port_host_id", "host_id"),
    _partial_index("ix_port_name", _NAMED, "name", "id", info={FINDS_FEW: True}),
    # Few ports are the cloud's own: their indexes cost those of workloads nothing.
    _partial_index("ix_port_network_id_device_owner", _NETWORKS_PORTS, "network_id", "device_owner", "id"),
    _partial_index("ix_port_project_id_device_owner", _NETWORKS_PORTS, "project_id", "device_owner", "id"),
    _partial_index("ix_port_device_owner", _NETWORKS_PORTS, "device_owner", "id"),
    # So few are guests: their indexes cost others nothing, too.
    _partial_index("ix_port_guest_of", "guest_of IS NOT NULL", "guest_of", "id"),
    _partial_index("ix_port_guest_of_network_id", "guest_of IS NOT NULL", "guest_of", "network_id", "id"),
    _partial_index(
        "ix_port_guest_of_device_owner", f"guest_of IS NOT NULL AND {_NETWORKS_PORTS}", "guest_of", "device_owner", "id"
    ),
)

ip_allocation = Table(
    "ip_allocation",
    metadata,
    Column("subnet_id", String(36), ForeignKey("subnet.id"), primary_key=True),
    Column("ip_address", LargeBinary(16), primary_key=True),
    Column("port_id", String(36), ForeignKey("port.id"), nullable=False),
    Column("position", Integer, nullable=False),  # order among the port's fixed_ips
    Index("ix_ip_allocation_port_id", "port_id"),
    Index("ix_ip_allocation_subnet_id", "subnet_id", "port_id"),
    Index("ix_ip_allocation_ip_address", "ip_address"),
)
