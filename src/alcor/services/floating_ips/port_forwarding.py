"""Port forwardings: which ports of a floating IP lead to which of an address inside. Hosts do not forward them yet."""

from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict, not_found, wrong_for
from alcor.model.resources.port_forwarding import PORT_FORWARDING, ports_of
from alcor.services.access import Access, owned
from alcor.services.floating_ips import forwarded_ports
from alcor.services.floating_ips.floating_ip import ACCESS as FLOATING_IP_ACCESS
from alcor.services.floating_ips.floating_ip import router_between
from alcor.services.manager import Parent, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.routers.router_ports import associated
from alcor.store.tables import floating_ip, port_forwarding
from alcor.store.transaction import Transaction

_KIND = PORT_FORWARDING.name
_SIDES = ("internal", "external")
_OWNER = select(floating_ip.c.project_id).where(floating_ip.c.id == bindparam("id"))
_COLLIDING = {
    "internal": select(port_forwarding.c.internal_port_range).where(
        port_forwarding.c.internal_port_id == bindparam("internal_port_id"),
        port_forwarding.c.internal_ip_address == bindparam("internal_ip_address"),
        port_forwarding.c.internal_first <= bindparam("internal_last"),
        port_forwarding.c.internal_last >= bindparam("internal_first"),
        port_forwarding.c.protocol == bindparam("protocol"),
        port_forwarding.c.id != bindparam("id"),
    ),
    "external": select(port_forwarding.c.external_port_range).where(
        port_forwarding.c.floatingip_id == bindparam("floatingip_id"),
        port_forwarding.c.external_first <= bindparam("external_last"),
        port_forwarding.c.external_last >= bindparam("external_first"),
        port_forwarding.c.protocol == bindparam("protocol"),
        port_forwarding.c.id != bindparam("id"),
    ),
}


def _owner(connection: Connection, values: Any) -> str:
    return str(connection.execute(_OWNER, {"id": values["floatingip_id"]}).scalar() or "")


ACCESS = Access(PORT_FORWARDING, port_forwarding, owned(port_forwarding), _owner)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    connection = transaction.connection
    floating = locked_row(transaction, FLOATING_IP_ACCESS, values["floatingip_id"], context)
    values = _with_ranges(values)
    _check_unassociated(connection, values["internal_port_id"], values.get("internal_ip_address"))
    if floating.port_id is not None:
        raise conflict(
            "FloatingIPPortAlreadyAssociated",
            f"Cannot associate floating IP {floating.floating_ip_address} ({floating.id}) with port "
            f"{values['internal_port_id']} using fixed IP {values.get('internal_ip_address')}, as that fixed IP "
            f"already has a floating IP on external network {floating.floating_network_id}.",
        )
    values = _reached(transaction, floating, values, context)
    _check_no_collision(connection, values)
    return values | {"project_id": floating.project_id}


def _apply(transaction: Transaction, change: Change) -> Values:
    connection, given = transaction.connection, change.values
    floating = locked_row(transaction, FLOATING_IP_ACCESS, change.row.floatingip_id, change.context)
    values = change.view | _with_ranges(given, change.view)
    if given.get("internal_port_id", change.row.internal_port_id) != change.row.internal_port_id:
        _check_unassociated(connection, values["internal_port_id"], values["internal_ip_address"])
        if "internal_ip_address" not in given:
            del values["internal_ip_address"]
    values = _reached(transaction, floating, values, change.context)
    _check_no_collision(connection, values)
    return values


def _with_ranges(given: Values, old: Values | None = None) -> Values:
    """What is given, with the ports of each side in all ways they are kept. Raises AlcorError (400)."""
    values = dict(given)
    for side in _SIDES:
        single, written = (values.pop(f"{side}_{name}", None) for name in ("port", "port_range"))
        if single is not None and written not in (None, f"{single}:{single}"):
            raise wrong_for(_KIND, f"{side}_port {single} and {side}_port_range {written} do not match")
        if single is not None:
            written = f"{single}:{single}"
        elif written is None and old is not None:
            written = old[f"{side}_port_range"]
        if written is None:
            raise wrong_for(_KIND, f"{side}_port or {side}_port_range must be specified")
        first, last = ports_of(written)
        values[f"{side}_port"] = first if first == last else None
        values |= {f"{side}_port_range": written, f"{side}_first": first, f"{side}_last": last}
    inside, outside = (values[f"{side}_last"] - values[f"{side}_first"] for side in _SIDES)
    if inside and inside != outside:
        raise wrong_for(
            _KIND,
            "Invalid ranges of internal and/or external ports. The relation between internal and external ports must "
            "be N-N or 1-N",
        )
    return values


def _check_unassociated(connection: Connection, port_id: str, address: str | None) -> None:
    """Raises AlcorError (409) for a port to which a whole floating IP leads."""
    for each in associated(connection, [port_id]):
        raise conflict(
            "PortHasBindingFloatingIP",
            f"Cannot create port forwarding to floating IP {each.floating_ip_address} ({each.id}) with port {port_id} "
            f"using fixed IP {address}, as that port already has a binding floating IP.",
        )


def _reached(transaction: Transaction, floating: Any, values: Values, context: Context) -> Values:
    """The forwarding with an address of its port that a router reaches from the floating IP, which leads there now.

    Raises AlcorError: 404 for a port that the caller is not shown, 400 when there is no such address or router.
    """
    connection, port_id = transaction.connection, values["internal_port_id"]
    if port_id not in PORT_ACCESS.rows(connection, [port_id], context):
        raise not_found("port", port_id)
    held = {ip_text(packed): subnet_id for subnet_id, packed in fixed_ips_of(connection, [port_id]).get(port_id, ())}
    inside = [address for address in held if ":" not in address]
    if not inside:
        raise wrong_for(_KIND, f"Requested internal port {port_id} must allocate an IPv4 address at least")
    address = values.get("internal_ip_address", inside[0])
    if address not in inside:
        raise wrong_for(
            _KIND,
            f"Requested internal IP address {address} is not suitable for internal neutron port {port_id}, as its "
            f"fixed_ips are {', '.join(inside)}",
        )
    router_id = _router(connection, floating, port_id, held[address])
    if floating.router_id != router_id:
        forwarded_ports.lead_through(transaction, floating.id, router_id)
    return values | {"internal_ip_address": address}


def _router(connection: Connection, floating: Any, port_id: str, subnet_id: str) -> str:
    """The router between the floating IP and a subnet: that of the floating IP's other forwardings, if it has any."""
    try:
        router_id = router_between(connection, port_id, subnet_id, floating.floating_network_id)
    except AlcorError as error:
        raise wrong_for(
            _KIND,
            f"External network {floating.floating_network_id} is not reachable from subnet {subnet_id}. Cannot set "
            f"Port forwarding for port {port_id} with Floating IP {floating.id}",
        ) from error
    if floating.router_id not in (None, router_id):
        raise wrong_for(
            _KIND,
            f"The Floating IP {floating.id} had been set on router {floating.router_id}, the internal Neutron port "
            f"{port_id} can not reach it",
        )
    return router_id


def _check_no_collision(connection: Connection, values: Values) -> None:
    """Raises AlcorError (400) when a port on either side is another forwarding's."""
    for side in _SIDES:
        other = connection.execute(_COLLIDING[side], values).scalar()
        if other is not None:
            raise wrong_for(
                _KIND,
                f"There is a port collision with the {side}_port_range. The following ranges collide: {other} and "
                f"{values[f'{side}_port_range']}",
            )


def _forget(transaction: Transaction, row: Any, _context: Context) -> None:
    forwarded_ports.forget(transaction, row.id, row.floatingip_id)


PORT_FORWARDINGS = plain_manager(
    Plain(
        access=ACCESS,
        revises={"floatingip_id": floating_ip},
        prepare=_prepare,
        apply=_apply,
        forget=_forget,
        parent=Parent(FLOATING_IP_ACCESS, "floatingips", "floatingip_id"),
        path="port_forwardings",
    )
)
