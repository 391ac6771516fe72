"""The tables, as SQLAlchemy Core knows them. Migrations in store/migrations must lead to exactly this.

Ids are 36-character UUID text. IP addresses are packed bytes (4 or 16), which sort as the addresses do; MAC
addresses are 48-bit integers. Timestamps are whole seconds since the epoch, UTC. Attributes that are never filtered
or sorted on live together in a JSON text column ``attributes``.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _standard_attributes() -> list[Column[object]]:
    return [
        Column("id", String(36), primary_key=True),
        Column("project_id", String(255), nullable=False),
        Column("name", String(255), nullable=False),
        Column("description", String(255), nullable=False),
        Column("revision_number", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
    ]


network = Table(
    "network",
    metadata,
    *_standard_attributes(),
    Column("admin_state_up", Boolean, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("external", Boolean, nullable=False),
    Column("mtu", Integer, nullable=False),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", String(64), nullable=True),
    Column("segmentation_id", BigInteger, nullable=False, unique=True),  # the VNI
    Column("attributes", Text, nullable=False),
    # Of its ports, how many are bound to a host; and what follows from it for hosts (model.programming).
    Column("bound_ports", BigInteger, nullable=False, server_default="0"),
    Column("on_demand", Boolean, nullable=False, server_default=false()),
    Index("ix_network_project_id", "project_id", "id"),
)

subnet = Table(
    "subnet",
    metadata,
    *_standard_attributes(),
    Column("network_id", String(36), ForeignKey("network.id"), nullable=False),
    Column("ip_version", Integer, nullable=False),
    Column("cidr", String(64), nullable=False),
    Column("gateway_ip", String(64), nullable=True),
    Column("enable_dhcp", Boolean, nullable=False),
    # allocation_pools, dns_nameservers, host_routes, ipv6 modes, …
    Column("attributes", Text, nullable=False),
    Column("first_address", LargeBinary(16), nullable=False, server_default=text("''")),  # of the cidr
    Index("ix_subnet_network_id", "network_id", "id"),
    Index("ix_subnet_first_address", "network_id", "ip_version", "first_address"),
    Index("ix_subnet_project_id", "project_id", "id"),
)

port = Table(
    "port",
    metadata,
    *_standard_attributes(),
    Column("network_id", String(36), ForeignKey("network.id"), nullable=False),
    Column("mac_address", BigInteger, nullable=False),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("device_id", String(255), nullable=False),
    Column("device_owner", String(255), nullable=False),
    Column("host_id", String(255), nullable=False),  # binding:host_id, '' while unbound
    # binding profile and vnic type, DHCP options, address pairs, …; '{}' when all are defaults
    Column("attributes", Text, nullable=False),
    UniqueConstraint("mac_address", "network_id"),
    Index("ix_port_project_id", "project_id", "id"),
    Index("ix_port_network_id", "network_id", "id"),
    Index("ix_port_device_id", "device_id"),
    Index("ix_port_host_id", "host_id"),
)

ip_allocation = Table(
    "ip_allocation",
    metadata,
    Column("subnet_id", String(36), ForeignKey("subnet.id"), primary_key=True),
    Column("ip_address", LargeBinary(16), primary_key=True),
    Column("port_id", String(36), ForeignKey("port.id"), nullable=False),
    Column("position", Integer, nullable=False),  # order among the port's fixed_ips
    Index("ix_ip_allocation_port_id", "port_id"),
    Index("ix_ip_allocation_ip_address", "ip_address"),
)

# Free numbers of a pool, as disjoint, never adjacent ranges: addresses of a subnet's allocation pools (packed
# bytes), VNIs of a segment range and MAC addresses (big-endian bytes). What is allocated plus what is free is always
# the whole pool.
free_range = Table(
    "free_range",
    metadata,
    Column("pool_id", String(64), primary_key=True),
    Column("first", LargeBinary(16), nullable=False),
    Column("last", LargeBinary(16), primary_key=True),
)

# Where the next number is taken: after the last one given out, so that a freed number rests before it is used again.
number_pool = Table(
    "number_pool",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cursor", LargeBinary(16), nullable=False),
)

# Tags by which resources are looked for, of every kind; each resource's own row has its tags, too, to be shown.
tag = Table(
    "tag",
    metadata,
    Column("resource_id", String(36), primary_key=True),
    Column("tag", String(255), primary_key=True),
    Index("ix_tag_tag", "tag", "resource_id"),
)

# How many resources of a kind a project may have; there is no row where it may have any number.
quota = Table(
    "quota",
    metadata,
    Column("project_id", String(255), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("most", BigInteger, nullable=False),
)

node = Table(
    "node",
    metadata,
    Column("id", String(255), primary_key=True),  # what binding:host_id says
    Column("host_index", BigInteger, nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("local_ip", String(64), nullable=False, unique=True),
    Column("revision_number", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # mac_address, veth, server_port, host_dvr_mac, message-queue topics, …
    Column("attributes", Text, nullable=False),
    Index("ix_node_name", "name", "id"),
)

# Controllers that serve or answer hosts, when each last said that it lives (seconds since the epoch), how many hosts it
# then served (NULL for one that takes none, not yet or no longer), and where hosts ask it (NULL where they do not).
controller = Table(
    "controller",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("heartbeat_at", BigInteger, nullable=False),
    Column("hosts", BigInteger),
    Column("ncm_address", String(255)),
)

# Which controller's stream a host is on, or was last: whoever finds a session ended may speak for the host only while
# it is still the host's latest. There is one for every host with an ACTIVE port.
host_session = Table(
    "host_session",
    metadata,
    Column("host_id", String(255), primary_key=True),
    Column("session_id", LargeBinary(16), nullable=False),
    Column("controller_id", String(36), nullable=False),
    Index("ix_host_session_controller_id", "controller_id"),
)

# One row: the position of the newest entry, taken and advanced as the last step of each transaction, so that entries
# commit in the order of their positions; and the identity of this log.
change_log_head = Table(
    "change_log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("log_id", LargeBinary(16), nullable=False),
    Column("position", BigInteger, nullable=False),
)

change_log = Table(
    "change_log",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("records", LargeBinary, nullable=False),  # model.records, packed
)
