"""Nodes: the hosts that ports can be bound to. A node's host index is its number on the wire and is never reused."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select
from sqlalchemy.exc import IntegrityError

from alcor.channels.trust.identity import Kind
from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict, not_found
from alcor.model.node_health import NodeHealth, NodeState
from alcor.model.records import NodeDeleted
from alcor.model.resources.node import NODE
from alcor.model.resources.standard import timestamp_text
from alcor.services.access import Access, everybody
from alcor.services.hosts import agent, node_health, queue_places
from alcor.services.manager import Create, Delete, Filter, Manager, Update, check_expected, check_repeated, each
from alcor.services.rows import Rows, View
from alcor.services.trust import join_tokens
from alcor.store import bulk, number_pools
from alcor.store.record_rows import node_record
from alcor.store.tables import node, port
from alcor.store.transaction import Transaction

ROWS = Rows(NODE, node)
ACCESS = Access(NODE, node, everybody)
_HOST_INDEXES = "host_index"

_LOCKED = select(node).where(node.c.id == bindparam("id")).with_for_update()
_BOUND = select(port.c.id).where(port.c.host_id == bindparam("id")).limit(1)
_DELETE = node.delete().where(node.c.id == bindparam("node_id"))


def _create(transaction: Transaction, create: Create) -> list[View]:
    nodes = create.items
    connection, now = transaction.connection, transaction.now
    # The pool's lock makes those who register nodes take turns: what the checks find stays true.
    indexes = number_pools.take(transaction, _HOST_INDEXES, len(nodes))
    _check_new_ids(connection, [values["node_id"] for values in nodes])
    _check_new_addresses(connection, [(values["node_id"], values["local_ip"]) for values in nodes])
    numbered = [values | {"host_index": index} for values, index in zip(nodes, indexes, strict=True)]
    given = {"generation": 0, "revision_number": 1, "created_at": now, "updated_at": now}
    places = queue_places.place(transaction, numbered)
    rows = [ROWS.row(values | its | given) for values, its in zip(numbered, places, strict=True)]
    try:
        bulk.insert_rows(connection, node, rows)
    except IntegrityError as error:
        raise conflict("LocalIpInUse", "Another node has a local_ip of these by now.") from error
    agent.register(transaction, {values["node_id"]: values["availability_zone"] for values in nodes})
    transaction.record(*map(node_record, rows))
    return _views(connection, rows, create.context)


def _check_new_ids(connection: Connection, ids: Sequence[str]) -> None:
    taken = [row.id for row in bulk.select_by(connection, [node.c.id], node.c.id, ids)]
    seen: set[str] = set()
    for node_id in ids:
        if node_id in seen:
            taken.append(node_id)
        seen.add(node_id)
    if taken:
        raise conflict("NodeExists", f"Node {taken[0]} exists already: update it, or choose another node_id.")


def _check_new_addresses(connection: Connection, nodes: Sequence[tuple[str, str]]) -> None:
    """No two nodes may have one VTEP."""
    addresses = [address for _, address in nodes]
    found = bulk.select_by(connection, [node.c.id, node.c.local_ip], node.c.local_ip, addresses)
    taken = {row.local_ip: row.id for row in found}
    for node_id, address in nodes:
        holder = taken.setdefault(address, node_id)
        if holder != node_id:
            raise conflict("LocalIpInUse", f"local_ip {address} of node {node_id} is that of node {holder} already.")


def ids_by_name(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The id of the node that has this name, for those of the names that are no ids themselves.

    Raises AlcorError (409) when several nodes have the name.
    """
    wanted = set(names)
    wanted -= {row.id for row in bulk.select_by(connection, [node.c.id], node.c.id, sorted(wanted))}
    found: dict[str, str] = {}
    for row in bulk.select_by(connection, [node.c.id, node.c.name], node.c.name, sorted(wanted)):
        if found.setdefault(row.name, row.id) != row.id:
            raise conflict(
                "NodeNameAmbiguous", f"Several nodes have the name {row.name}: name one by its node_id, like {row.id}."
            )
    return found


def locked_node(transaction: Transaction, node_id: str) -> Row[Any]:
    """The node's row, which nobody else changes until the transaction ends. Raises AlcorError (404)."""
    row = transaction.connection.execute(_LOCKED, {"id": node_id}).first()
    if row is None:
        raise not_found("node", node_id)
    return row


def _update(transaction: Transaction, update: Update) -> View:
    row = locked_node(transaction, update.id)
    check_expected(transaction, ACCESS, row, update)
    before = ROWS.view(row)
    check_repeated(before, update)
    if "local_ip" in update.values:
        _check_new_addresses(transaction.connection, [(update.id, update.values["local_ip"])])
    place = queue_places.moved(transaction, row, before | {"host_index": row.host_index}, update.values)
    kept = {"host_index": row.host_index, "generation": row.generation}
    changed = ROWS.changed_row(row, kept | update.values | place, transaction.now)
    try:
        bulk.update_row(transaction.connection, node, changed)
    except IntegrityError as error:
        raise conflict("LocalIpInUse", "Another node has this local_ip, or this slot of its topic, by now.") from error
    if "availability_zone" in update.values:
        agent.move(transaction.connection, update.id, update.values["availability_zone"])
    if node_record(changed) != node_record(row):
        transaction.record(node_record(changed))
    return _views(transaction.connection, [changed], update.context)[0]


def _delete(transaction: Transaction, delete: Delete) -> None:
    row = locked_node(transaction, delete.id)
    check_expected(transaction, ACCESS, row, delete)
    bound = transaction.connection.execute(_BOUND, {"id": delete.id}).scalar()
    if bound is not None:
        raise _in_use(delete.id, bound)
    transaction.connection.execute(_DELETE, {"node_id": delete.id})
    agent.forget(transaction.connection, delete.id)
    queue_places.leave(transaction.connection, row.group_topic)
    node_health.forget_node(transaction.connection, delete.id)
    join_tokens.withdraw(transaction.connection, Kind.HOST, delete.id)
    transaction.record(NodeDeleted(delete.id))


def _in_use(node_id: str, port_id: str) -> AlcorError:
    return conflict(
        "NodeInUse", f"Node {node_id} still has ports, one of them is {port_id}: delete them or bind them elsewhere."
    )


def _views(connection: Connection, rows: Sequence[Any], _context: Context) -> list[View]:
    healths = node_health.healths(connection, [row.id for row in rows])
    return [ROWS.view(row) | _shown(healths[row.id]) for row in rows]


def _shown(health: NodeHealth) -> View:
    return {
        "state": health.state.value,
        "state_reasons": list(health.reasons),
        "state_since": None if health.since is None else timestamp_text(health.since),
    }


def _may_be_in(_context: Context, states: Sequence[str]) -> ColumnElement[bool]:
    return node_health.may_be_in(list(map(NodeState, states)))


NODES = Manager(
    access=ACCESS,
    views=_views,
    create=each(_create),
    update=each(_update),
    delete=each(_delete),
    filters={"state": Filter(_may_be_in, is_rough=True)},
)
