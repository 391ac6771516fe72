"""Elastic IPs: addresses out of ranges, each of which leads to one address of a port, if anywhere.

They are kept and checked; hosts do not translate them yet.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_

from alcor.model import address_plan
from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.resources.elastic_ip import ACTIVATED, DEACTIVATED, ELASTIC_IP
from alcor.services.access import Access, owned
from alcor.services.floating_ips.elastic_ip_ports import leading_to
from alcor.services.floating_ips.elastic_ip_range import POOLS
from alcor.services.manager import Filter, Values
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.ports.port_json import ROWS as PORT_ROWS
from alcor.services.ports.port_rows import lock_port
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.rows import View
from alcor.store import bulk, number_pools
from alcor.store.tables import elastic_ip, port
from alcor.store.transaction import Transaction

ACCESS = Access(ELASTIC_IP, elastic_ip, owned(elastic_ip))

_DETAILS = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
_NOWHERE: Values = {"port_id": None, "private_ip": None}


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    version = _version(values)
    values = values | {"elastic_ip_version": version}
    target = _target(transaction, values | _NOWHERE, values)
    return values | target | {"elastic_ip": _take(transaction, version, values.get("elastic_ip"))}


def _version(values: Values) -> int:
    """4, unless it is said otherwise, or by the address that is wanted. Raises AlcorError (400)."""
    wanted = values.get("elastic_ip")
    if wanted is None:
        return int(values.get("elastic_ip_version", 4))
    version = ip_address(wanted).version
    if values.get("elastic_ip_version", version) != version:
        raise bad_request(f"Invalid input for elastic_ip. Reason: '{wanted}' is an IPv{version} address.")
    return version


def _take(transaction: Transaction, version: int, wanted: str | None) -> str:
    """A certain address, or any. Raises AlcorError (409)."""
    if wanted is not None:
        if not number_pools.take_exact(transaction, POOLS[version], [int(ip_address(wanted))]):
            raise conflict("ElasticIpInUse", f"Elastic IP {wanted} is in use, or of no range.")
        return wanted
    try:
        return address_plan.address_text(version, *number_pools.take(transaction, POOLS[version], 1))
    except number_pools.PoolExhausted as error:
        raise conflict(
            "ElasticIpExhausted", f"No IPv{version} address is left in the ranges of elastic IPs."
        ) from error


def _apply(transaction: Transaction, change: Change) -> Values:
    return change.values | _target(transaction, change.view, change.values)


def _target(transaction: Transaction, elastic: View, given: Values) -> Values:
    """What a request changes of where an elastic IP leads. Raises AlcorError."""
    port_id, address = given.get("port_id"), given.get("private_ip")
    if port_id is None and address is not None:
        raise bad_request("Invalid input for private_ip. Reason: say of which port it is with port_id.")
    if port_id is None:
        return _NOWHERE if "port_id" in given else {}
    if elastic["port_id"] not in (None, port_id):
        raise _in_use(elastic["id"], elastic["port_id"])
    held = _addresses(transaction, elastic, port_id)
    chosen = _chosen(transaction, elastic, port_id, held, address or elastic["private_ip"])
    return {"port_id": port_id, "private_ip": chosen}


def _addresses(transaction: Transaction, elastic: View, port_id: str) -> list[str]:
    """The addresses of a port that the elastic IP can lead to, which stay until the transaction ends."""
    row, _network = lock_port(transaction, port_id)
    if row.project_id != elastic["project_id"]:
        raise not_found("port", port_id)
    if row.device_owner.startswith("network:"):
        raise _wrong("port_id", f"port {port_id} is one of the network's own, {row.device_owner}")
    held = [ip_text(packed) for _subnet, packed in fixed_ips_of(transaction.connection, [port_id]).get(port_id, ())]
    return [each for each in held if ip_address(each).version == elastic["elastic_ip_version"]]


def _chosen(transaction: Transaction, elastic: View, port_id: str, held: Sequence[str], address: str | None) -> str:
    """A certain address, or the first to which no other elastic IP leads."""
    others = leading_to(transaction.connection, port_id)
    free = [each for each in held if others.get(each, elastic["id"]) == elastic["id"]]
    if address is not None and address not in held:
        raise _wrong("private_ip", f"port {port_id} has no IPv{elastic['elastic_ip_version']} address {address}")
    if not held:
        raise _wrong("port_id", f"port {port_id} has no IPv{elastic['elastic_ip_version']} address")
    if not free or address not in (None, *free):
        raise conflict(
            "ElasticIpAssociated",
            f"Elastic IP {others[address or held[0]]} leads to {address or held[0]} of port {port_id} already.",
        )
    return address or free[0]


def _wrong(name: str, reason: str) -> AlcorError:
    return bad_request(f"Invalid input for {name}. Reason: {reason}.")


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    if row.port_id is not None:
        raise _in_use(row.id, row.port_id)
    number_pools.release(transaction, POOLS[row.elastic_ip_version], [int(ip_address(row.elastic_ip))])


def _in_use(elastic_ip_id: str, port_id: str) -> AlcorError:
    return conflict("ElasticIpInUse", f"Elastic IP {elastic_ip_id} is in use: it leads to port {port_id}.")


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    ids = sorted({row.port_id for row in rows if row.port_id})
    ports = {row.id: PORT_ROWS.view(row) for row in bulk.select_by(connection, list(port.c), port.c.id, ids)}
    return [
        {
            "state": DEACTIVATED if row.port_id is None else ACTIVATED,
            "port_details": {name: ports[row.port_id][name] for name in _DETAILS} if row.port_id else None,
        }
        for row in rows
    ]


def _in_state(_context: Context, states: Sequence[Any]) -> ColumnElement[bool]:
    leads = elastic_ip.c.port_id.is_not(None)
    return or_(False, *([leads] if ACTIVATED in states else []), *([~leads] if DEACTIVATED in states else []))


ELASTIC_IPS = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        apply=_apply,
        forget=_forget,
        computed=_computed,
        filters={"state": Filter(_in_state)},
    )
)
