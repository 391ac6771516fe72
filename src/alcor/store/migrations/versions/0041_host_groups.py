"""Where the message queue reaches nodes: groups of hosts, and each one's topic, key and slot"""

from collections import defaultdict

import orjson
import sqlalchemy as sa
from alembic import op

from alcor.model.queue_slots import free_key

revision = "0041"
down_revision = "0040"

_CHUNK = 5000
_HOSTS = 100  # in a group
_NODES = sa.text("SELECT id, host_index, attributes FROM node WHERE id > :after ORDER BY id LIMIT :limit")
_UPDATE = sa.text(
    "UPDATE node SET group_topic = :group, unicast_topic = :unicast, group_key = :key, group_slot = :slot, "
    "attributes = :attributes WHERE id = :id"
)
_GROUP = sa.text("INSERT INTO host_group (topic, place, hosts) VALUES (:topic, :place, :hosts)")


def upgrade() -> None:
    op.create_table(
        "host_group",
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("place", sa.String(1024), nullable=False),
        sa.Column("hosts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_host_group"),
    )
    op.create_index("ix_host_group_place", "host_group", ["place", "hosts"])
    for name, length in (("group_topic", 255), ("unicast_topic", 255), ("group_key", 263)):
        op.add_column("node", sa.Column(name, sa.String(length), nullable=False, server_default=sa.text("''")))
    op.add_column("node", sa.Column("group_slot", sa.Integer))
    _assign()
    op.create_index("ix_node_group_topic", "node", ["group_topic"])
    op.create_index("uq_node_unicast_topic_group_slot", "node", ["unicast_topic", "group_slot"], unique=True)


def _assign() -> None:
    """Nodes get what they would be assigned if they were registered now, in groups of their own."""
    connection, after = op.get_bind(), ""
    open_groups: dict[str, str] = {}  # place → group
    places: dict[str, str] = {}
    hosts: dict[str, int] = defaultdict(int)
    slots: dict[str, set[int]] = defaultdict(set)
    while nodes := list(connection.execute(_NODES, {"after": after, "limit": _CHUNK})):
        changes = []
        for each in nodes:
            attributes = orjson.loads(each.attributes)
            group = attributes.pop("group_topic", None)
            if group is None:
                place = orjson.dumps([attributes.get("availability_zone", "nova"), "", ""]).decode()
                group = open_groups.get(place, "")
                if not group or hosts[group] >= _HOSTS:
                    group = open_groups[place] = f"group-{each.host_index}"
                    places[group] = place
            hosts[group] += 1
            unicast = attributes.pop("unicast_topic", None) or group
            found = free_key(each.id, slots[unicast])
            assert found is not None, f"topic {unicast} has no slot left for {each.id}"
            slots[unicast].add(found[1])
            attributes.setdefault("multicast_topic", f"{group}-all")
            kept = orjson.dumps(attributes).decode()
            names = {"group": group, "unicast": unicast, "key": found[0], "slot": found[1]}
            changes.append(names | {"id": each.id, "attributes": kept})
        connection.execute(_UPDATE, changes)
        after = nodes[-1].id
    if hosts:
        groups = [{"topic": each, "place": places.get(each, ""), "hosts": count} for each, count in hosts.items()]
        connection.execute(_GROUP, groups)
