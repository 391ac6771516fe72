"""Bindings of ports to hosts: the active one, which is the port's, and those that a migration prepares elsewhere.

Only bindings that are not active have rows of their own; hosts are told nothing of them, and say of them whether the
port's interface is there already (port_status).
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson
from sqlalchemy import Connection, Row, delete, insert, select, update

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.services.manager import Update, Values
from alcor.services.ports import port
from alcor.services.ports.port_json import binding_of
from alcor.services.ports.port_rows import lock_port
from alcor.services.ports.port_views import known_hosts, port_views
from alcor.services.rows import ReadView, View
from alcor.store import bulk
from alcor.store.tables import port as port_table
from alcor.store.tables import port_binding
from alcor.store.transaction import Transaction

_ACTIVE, _INACTIVE = "ACTIVE", "INACTIVE"
_OWNERS = ("compute:", "manila:")  # of ports that can have several bindings


class BindingRequest(msgspec.Struct, frozen=True):
    """What is asked of the binding of a port to a host, for a caller."""

    port_id: str
    host: str
    context: Context
    values: Values = {}


def bindings_of(connection: Connection, port_id: str, context: Context) -> list[View]:
    """The bindings of a port, the active one first. Raises AlcorError (404, 400)."""
    rows = bulk.select_by(connection, list(port_table.c), port_table.c.id, [port_id])
    if not rows:
        raise not_found("port", port_id)
    _check(connection, rows[0], context)
    return _views(connection, rows[0])


def binding_on(connection: Connection, port_id: str, host: str, context: Context) -> View:
    """The binding of a port to a host. Raises AlcorError (404, 400)."""
    return _on(bindings_of(connection, port_id, context), port_id, host)


def create_binding(transaction: Transaction, request: BindingRequest) -> View:
    """Bind a port to a host: active if it is bound to none. Raises AlcorError."""
    row = _locked(transaction, request)
    host, values = request.values["host"], request.values
    _check_host(transaction.connection, row.id, host)
    if any(each["host"] == host for each in _views(transaction.connection, row)):
        raise conflict("PortBindingAlreadyExists", f"Binding for port {row.id} on host {host} already exists.")
    if row.host_id:
        _insert(transaction, row.id, host, values["vnic_type"], values["profile"], plugged_in=False)
    else:
        _bind(transaction, row.id, host, values["vnic_type"], values["profile"])
    return binding_on(transaction.connection, row.id, host, request.context)


def update_binding(transaction: Transaction, request: BindingRequest) -> View:
    """Change a binding. Raises AlcorError."""
    row = _locked(transaction, request)
    found = _views(transaction.connection, row)
    old = _on(found, row.id, request.host)
    new = old | request.values
    if new["host"] != request.host and any(each["host"] == new["host"] for each in found):
        raise conflict("PortBindingAlreadyExists", f"Binding for port {row.id} on host {new['host']} already exists.")
    _check_host(transaction.connection, row.id, new["host"])
    if old["status"] == _ACTIVE:
        _bind(transaction, row.id, new["host"], new["vnic_type"], new["profile"])
    else:
        changed = {"host": new["host"], "vnic_type": new["vnic_type"], "profile": _text(new["profile"])}
        if new["host"] != request.host:
            changed["plugged_in"] = False
        transaction.connection.execute(update(port_binding).where(*_its(row.id, request.host)).values(**changed))
    return binding_on(transaction.connection, row.id, new["host"], request.context)


def delete_binding(transaction: Transaction, request: BindingRequest) -> None:
    """Delete a binding; without the active one the port is bound to no host. Raises AlcorError."""
    row = _locked(transaction, request)
    old = _on(_views(transaction.connection, row), row.id, request.host)
    if old["status"] == _ACTIVE:
        _bind(transaction, row.id, "", old["vnic_type"], old["profile"])
    else:
        transaction.connection.execute(delete(port_binding).where(*_its(row.id, request.host)))


def activate_binding(transaction: Transaction, request: BindingRequest) -> View:
    """Make this binding the active one, and that which was one that is not. Raises AlcorError."""
    row = _locked(transaction, request)
    found = _views(transaction.connection, row)
    new = _on(found, row.id, request.host)
    if new["status"] == _ACTIVE:
        raise conflict(
            "PortBindingAlreadyActive", f"Binding for port {row.id} on host {request.host} is already active."
        )
    old = next((each for each in found if each["status"] == _ACTIVE), None)
    transaction.connection.execute(delete(port_binding).where(*_its(row.id, request.host)))
    _bind(transaction, row.id, request.host, new["vnic_type"], new["profile"])
    if old is not None:
        _insert(transaction, row.id, old["host"], old["vnic_type"], old["profile"], plugged_in=True)
    return binding_on(transaction.connection, row.id, request.host, request.context)


def _locked(transaction: Transaction, request: BindingRequest) -> Row[Any]:
    row, _ = lock_port(transaction, request.port_id)
    _check(transaction.connection, row, request.context)
    return row


def _check(connection: Connection, row: Row[Any], context: Context) -> None:
    """Raises AlcorError: 404 for a port that the caller is not shown, 400 for one that has no bindings of its own."""
    if not port.ACCESS.sees(connection, row, context):
        raise not_found("port", row.id)
    if not row.device_owner.startswith(_OWNERS):
        raise bad_request(
            f"Bad port request: Invalid port {row.id}. Operation only valid on compute and shared filesystem ports.",
            "BadRequest",
        )


def _check_host(connection: Connection, port_id: str, host: str) -> None:
    """Raises AlcorError (409) for a host that is no node."""
    if not known_hosts(connection, [host]):
        raise conflict(
            "PortBindingError",
            f"Binding for port {port_id} on host {host} could not be created or updated: register the host as a node.",
        )


def _views(connection: Connection, row: Row[Any]) -> list[View]:
    """The bindings of a port of this row: the active one, then the others in the order of their hosts."""
    others = connection.execute(
        select(port_binding).where(port_binding.c.port_id == row.id).order_by(port_binding.c.host)
    ).all()
    hosts = known_hosts(connection, (each.host for each in others))
    views = []
    if row.host_id:
        shown = port_views(connection, [row])[0]
        views.append(_view(row.host_id, shown, _ACTIVE))
    for each in others:
        kept = {"binding:vnic_type": each.vnic_type, "binding:profile": orjson.loads(each.profile)}
        views.append(_view(each.host, kept | binding_of(each.host, each.host in hosts), _INACTIVE))
    return views


def _view(host: str, shown: ReadView, status: str) -> View:
    names = ("vif_type", "vif_details", "vnic_type", "profile")
    return {"host": host, "status": status} | {name: shown[f"binding:{name}"] for name in names}


def _on(found: Sequence[View], port_id: str, host: str) -> View:
    for each in found:
        if each["host"] == host:
            return each
    raise AlcorError(404, "PortBindingNotFound", f"Binding for port {port_id} for host {host} could not be found.")


def _bind(transaction: Transaction, port_id: str, host: str, vnic_type: str, profile: View) -> None:
    values = {"binding:host_id": host, "binding:vnic_type": vnic_type, "binding:profile": profile}
    port.PORTS.update(transaction, [Update(port_id, values)])


def _insert(
    transaction: Transaction, port_id: str, host: str, vnic_type: str, profile: View, *, plugged_in: bool
) -> None:
    values = {"port_id": port_id, "host": host, "vnic_type": vnic_type, "profile": _text(profile)}
    transaction.connection.execute(insert(port_binding).values(**values, plugged_in=plugged_in))


def _its(port_id: str, host: str) -> tuple[Any, Any]:
    return port_binding.c.port_id == port_id, port_binding.c.host == host


def _text(profile: View) -> str:
    return orjson.dumps(profile).decode()
