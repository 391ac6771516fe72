"""Hosts, and the controllers that serve them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from alcor.store.tables.base import metadata, revision_columns

node = Table(
    "node",
    metadata,
    Column("id", String(255), primary_key=True),  # what binding:host_id says
    Column("host_index", BigInteger, nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("local_ip", String(64), nullable=False, unique=True),
    # Where the message queue reaches it; the slot is that of its key.
    Column("group_topic", String(255), nullable=False, server_default=text("''")),
    Column("unicast_topic", String(255), nullable=False, server_default=text("''")),
    Column("group_key", String(263), nullable=False, server_default=text("''")),
    Column("group_slot", Integer),
    Column("generation", BigInteger, nullable=False, server_default="0"),  # how often it was revoked
    *revision_columns(),
    # mac_address, veth, server_port, host_dvr_mac, …
    Column("attributes", Text, nullable=False),
    Index("ix_node_name", "name", "id"),
    Index("ix_node_group_topic", "group_topic"),
    Index("uq_node_unicast_topic_group_slot", "unicast_topic", "group_slot", unique=True),
)

# Groups of hosts of the message queue, how many are in each, and of which place (JSON: availability zone, cell, rack);
# empty for those that requests name.
host_group = Table(
    "host_group",
    metadata,
    Column("topic", String(255), primary_key=True),
    Column("place", String(1024), nullable=False),
    Column("hosts", Integer, nullable=False),
    Index("ix_host_group_place", "place", "hosts"),
)

# What Neutron's agent API keeps of nodes beside what they are. A deleted one is there no more until its host connects.
agent = Table(
    "agent",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("host", String(255), nullable=False, unique=True),
    Column("availability_zone", String(255), nullable=False),
    Column("admin_state_up", Boolean, nullable=False),
    Column("description", String(255), nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_agent_availability_zone", "availability_zone", "admin_state_up"),
    Index("ix_agent_is_deleted", "is_deleted"),
)

# Network Config Managers as nodes are told of them (Alcor's Node Manager).
ncm = Table(
    "ncm",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("uri", String(1024), nullable=False),
    Column("cap", BigInteger, nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
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
    Column(
        "relay", String(255), nullable=False, server_default=text("''")
    ),  # the host that leads it there; '' for none
    Index("ix_host_session_controller_id", "controller_id"),
)

# How hosts do of which there is something to tell: as their agents said last, and since when (seconds since the epoch).
host_health = Table(
    "host_health",
    metadata,
    Column("host_id", String(255), primary_key=True),
    Column("data_plane", String(16), nullable=False),  # works, repairing, gone
    Column("trouble", Text, nullable=False),
    Column("probed", BigInteger, nullable=False),  # how many hosts it probes
    Column("since", BigInteger, nullable=False),
)

# What all controllers of a region know and nobody else does, by what it is for.
secret = Table(
    "secret",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# Which hosts do not reach which others on the underlay as they should, and since when.
unreached_host = Table(
    "unreached_host",
    metadata,
    Column("host_id", String(255), primary_key=True),
    Column("peer_id", String(255), primary_key=True),
    Column("fault", String(32), nullable=False),  # unreachable, not_with_full_packets
    Column("since", BigInteger, nullable=False),
    Index("ix_unreached_host_peer_id", "peer_id"),
)
