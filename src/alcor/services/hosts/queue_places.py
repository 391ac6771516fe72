"""Where the message queue reaches nodes: the group that a node is in, its topic, and the key that is its own there.

What a request does not say is assigned. Groups are bounded, and formed of nodes of one availability zone, cell and
rack: a new one is begun when none has room. A key's slot (model.queue_slots) is its node's alone in the topic: where it
is taken, the key is extended. All of it is in the transaction that registers or changes the node.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from alcor.model.errors import AlcorError, conflict
from alcor.model.queue_slots import candidates
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import host_group, node
from alcor.store.transaction import Transaction

_PLACE = ("availability_zone", "cell", "rack")
_CONCERNED = frozenset((*_PLACE, "group_topic", "unicast_topic", "multicast_topic", "group_key"))
_NOT_ASSIGNED = ""  # the place of groups that requests named
_ALL = "-all"
_SLOTS_AT_ONCE = 10_000

_WITH_ROOM = (
    select(host_group.c.topic, host_group.c.hosts)
    .where(host_group.c.place == bindparam("place"), host_group.c.hosts < bindparam("most"))
    .order_by(host_group.c.hosts.desc(), host_group.c.topic)
    .limit(1)
)
_PLACE_OF = select(host_group.c.place).where(host_group.c.topic == bindparam("topic"))
_ENTER = (
    host_group.update()
    .where(host_group.c.topic == bindparam("group"))
    .values(hosts=host_group.c.hosts + bindparam("more"))
)
_EMPTY = host_group.delete().where(host_group.c.topic == bindparam("group"), host_group.c.hosts <= 0)
_TAKEN = select(node.c.group_slot).where(
    node.c.unicast_topic == bindparam("topic"),
    node.c.group_slot.in_(bindparam("slots", expanding=True)),
    node.c.id != bindparam("besides"),
)


def place(transaction: Transaction, nodes: Sequence[Mapping[str, Any]]) -> list[View]:
    """What new nodes are to be kept with, in their order. ``host_index`` must be known of each."""
    groups: dict[str, str] = {}  # node id → group
    without: dict[str, list[Mapping[str, Any]]] = defaultdict(list)  # place → nodes
    named: dict[str, int] = defaultdict(int)
    for values in nodes:
        if topic := values["group_topic"]:
            groups[values["node_id"]] = topic
            named[topic] += 1
        else:
            without[_place_of(values)].append(values)
    for topic, count in sorted(named.items()):
        _enter(transaction.connection, topic, count)
    for of_place, its in sorted(without.items()):
        groups |= _assigned(transaction, of_place, its)
    placed = [_topics(groups[values["node_id"]], values) for values in nodes]
    wanted = [(values["node_id"], values["group_key"] or values["node_id"]) for values in nodes]
    keys = _keys(transaction.connection, [each["unicast_topic"] for each in placed], wanted)
    return [topics | key for topics, key in zip(placed, keys, strict=True)]


def moved(transaction: Transaction, row: Any, before: View, changes: Mapping[str, Any]) -> View:
    """What the node of a row is to be kept with after an update, beside the changes themselves."""
    slot = {"group_slot": row.group_slot}
    changes = {name: value for name, value in changes.items() if name in _CONCERNED and value != before[name]}
    if not changes:
        return slot
    connection, after = transaction.connection, before | changes
    group = _group_after(transaction, before, changes, after)
    if group != before["group_topic"]:
        leave(connection, before["group_topic"])
    followed = {
        name: None if before[name] == usual and name not in changes else after[name]
        for name, usual in _usual_topics(before["group_topic"]).items()
    }
    topics = _topics(group, followed)
    wanted = changes.get("group_key") or (row.id if "group_key" in changes else before["group_key"])
    if topics["unicast_topic"] == before["unicast_topic"] and wanted == before["group_key"]:
        return topics | slot | {"group_key": before["group_key"]}
    return topics | _keys(connection, [topics["unicast_topic"]], [(row.id, wanted)])[0]


def leave(connection: Connection, group: str) -> None:
    """A node of the group is gone, or in another one."""
    connection.execute(_ENTER, {"group": group, "more": -1})
    connection.execute(_EMPTY, {"group": group})


def _group_after(transaction: Transaction, before: View, changes: Mapping[str, Any], after: View) -> str:
    """The group that the node is in after an update; it has entered it where that is another one."""
    connection, group = transaction.connection, str(before["group_topic"])
    if named := changes.get("group_topic"):
        _enter(connection, named, 1)
        return str(named)
    if "group_topic" not in changes:
        was = connection.execute(_PLACE_OF, {"topic": group}).scalar()
        if was == _NOT_ASSIGNED or was == _place_of(after):
            return group
    return _assigned(transaction, _place_of(after), [after])[after["node_id"]]


def _place_of(values: Mapping[str, Any]) -> str:
    return orjson.dumps([values[name] for name in _PLACE]).decode()


def _usual_topics(group: str) -> dict[str, str]:
    return {"unicast_topic": group, "multicast_topic": group + _ALL}


def _topics(group: str, said: Mapping[str, Any]) -> View:
    return {"group_topic": group} | {name: said[name] or usual for name, usual in _usual_topics(group).items()}


def _assigned(transaction: Transaction, of_place: str, nodes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The group of each node, which it has entered."""
    connection, most = transaction.connection, transaction.choices.hosts_per_group
    groups: dict[str, str] = {}
    waiting = list(nodes)
    while waiting:
        found = connection.execute(_WITH_ROOM, {"place": of_place, "most": most}).first()
        if found is None:
            topic, room = _begun(connection, of_place, waiting[0]["host_index"]), most
        else:
            topic, room = found.topic, most - found.hosts
        entering, waiting = waiting[:room], waiting[room:]
        connection.execute(_ENTER, {"group": topic, "more": len(entering)})
        groups |= {values["node_id"]: topic for values in entering}
    return groups


def _begun(connection: Connection, of_place: str, number: int) -> str:
    """A new group, named after the index of its first host."""
    topic = f"group-{number}"
    while connection.execute(_PLACE_OF, {"topic": topic}).first() is not None:
        topic += "~"
    bulk.insert_rows(connection, host_group, [(topic, of_place, 0)])
    return topic


def _enter(connection: Connection, group: str, count: int) -> None:
    """Nodes are in a group that a request named."""
    if connection.execute(_ENTER, {"group": group, "more": count}).rowcount == 0:
        bulk.insert_rows(connection, host_group, [(group, _NOT_ASSIGNED, count)])


def _keys(connection: Connection, topics: Iterable[str], wanted: Sequence[tuple[str, str]]) -> list[View]:
    """A key of its own in its topic for each (node id, key wanted), and its slot."""
    of_topics: dict[str, dict[str, str]] = defaultdict(dict)
    for topic, (node_id, key) in zip(topics, wanted, strict=True):
        of_topics[topic][node_id] = key
    found: dict[str, View] = {}
    for topic, its in of_topics.items():
        found |= _keys_in(connection, topic, its)
    return [found[node_id] for node_id, _ in wanted]


def _keys_in(connection: Connection, topic: str, wanted: Mapping[str, str]) -> dict[str, View]:
    """Nearly all get the key that they want: what else they could have is looked at for the others only."""
    besides = next(iter(wanted)) if len(wanted) == 1 else ""
    found: dict[str, View] = {}
    taken: set[int] = set()
    trying = {node_id: candidates(key) for node_id, key in wanted.items()}
    while trying:
        tried = {node_id: next(its, None) for node_id, its in trying.items()}
        taken |= _taken(connection, topic, {each[1] for each in tried.values() if each is not None}, besides)
        for node_id, each in tried.items():
            if each is None:
                raise _full(topic, wanted[node_id])
            key, slot = each
            if slot not in taken:
                taken.add(slot)
                found[node_id] = {"group_key": key, "group_slot": slot}
                del trying[node_id]
    return found


def _taken(connection: Connection, topic: str, slots: Collection[int], besides: str) -> set[int]:
    """Those of the slots that nodes of the topic have, but for one node."""
    some = sorted(slots)
    parts = (some[start : start + _SLOTS_AT_ONCE] for start in range(0, len(some), _SLOTS_AT_ONCE))
    values = ({"topic": topic, "slots": part, "besides": besides} for part in parts)
    return {slot for each in values for slot in connection.execute(_TAKEN, each).scalars()}


def _full(topic: str, key: str) -> AlcorError:
    return conflict("TopicFull", f"Topic {topic} has no free slot for the key {key}: choose another, or another topic.")
