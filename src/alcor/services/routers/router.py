"""Routers: they connect the subnets of their interfaces with each other, and with what is behind their gateways."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from alcor.model.context import Context
from alcor.model.errors import bad_request, conflict, invalid_input, wrong_for
from alcor.model.identifiers import id_bytes
from alcor.model.records import RouterDeleted
from alcor.model.resource import Attribute
from alcor.model.resources.router import ROUTER, gateways
from alcor.model.schema import holding
from alcor.model.values import Schema, schema_of
from alcor.services import flavor, quota
from alcor.services.access import Access, owned, row_values
from alcor.services.hosts import availability_zones
from alcor.services.manager import Act, Action, Create, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.qos import qos_attachment
from alcor.services.routers import router_gateway, router_interface, router_parts
from alcor.services.routers.ndp_proxy_ports import ipv6_scope, not_valid
from alcor.services.routers.router_ports import GATEWAY, INTERFACE, ports_of
from alcor.services.routers.router_subnets import check_next_hops
from alcor.services.rows import Rows, View
from alcor.store import bulk
from alcor.store.record_rows import router_record
from alcor.store.tables import router
from alcor.store.transaction import Transaction

ROWS = Rows(ROUTER, router)
ACCESS = Access(ROUTER, router, owned(router))

_KIND = "router"
_GATEWAYS = Attribute("external_gateways", gateways)
_ROUTES = ROUTER.attributes["routes"]
_ONLY_WHEN_DOWN = {
    "distributed": "Cannot change the 'distributed' attribute of active routers. Please set router admin_state_up to "
    "False prior to upgrade",
    "ha": "Cannot change HA attribute of active routers. Please set router admin_state_up to False prior to upgrade",
}

Operation = Callable[[Transaction, Row[Any], Act], Any]


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    availability_zones.check(transaction.connection, values["availability_zone_hints"])
    if values["flavor_id"]:
        flavor.check_router(transaction.connection, values, ("distributed", "ha"))
    wanted = values.get("external_gateway_info")
    first = router_gateway.set_first(transaction, values["id"], None, wanted, (), context)
    if values["enable_ndp_proxy"]:
        _check_proxies(transaction.connection, values["id"], first)
    policy_id = (wanted or {}).get(qos_attachment.ATTRIBUTE)
    if policy_id:
        qos_attachment.check_new(transaction.connection, Create([{qos_attachment.ATTRIBUTE: policy_id}], context))
    return values | {"gw_port_id": first, "enable_snat": _snat(wanted), qos_attachment.ATTRIBUTE: policy_id}


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    qos_attachment.remember(transaction.connection, _KIND, [row])
    transaction.record(router_record(row))


def _tell_changed(transaction: Transaction, change: Change, row: Any) -> None:
    _tell(transaction, change.row, row)


def _tell(transaction: Transaction, before: Any, row: Any) -> None:
    if (record := router_record(row)) != router_record(before):
        transaction.record(record)


def _policy(
    transaction: Transaction, row: Row[Any], first: str | None, wanted: Mapping[str, Any] | None, context: Context
) -> str | None:
    """The QoS policy of the first gateway after a change to what is wanted; without a gateway there is none."""
    given = dict(wanted or {}) if first is not None else {qos_attachment.ATTRIBUTE: None}
    qos_attachment.change(transaction.connection, _KIND, row, given, context)
    policy_id: str | None = given.get(qos_attachment.ATTRIBUTE, qos_attachment.policy_of(row))
    return policy_id


def _snat(wanted: Mapping[str, Any] | None) -> bool:
    return bool((wanted or {}).get("enable_snat", True))


def _apply(transaction: Transaction, change: Change) -> Values:
    row, values = change.row, dict(change.values)
    _check_down(change)
    routes: Sequence[Mapping[str, str]] = values.get("routes", change.view["routes"]) or ()
    quota.require_routes(transaction, row.project_id, len(change.view["routes"]), len(routes))
    if "external_gateway_info" in values:
        wanted = values["external_gateway_info"]
        values["gw_port_id"] = router_gateway.set_first(
            transaction, row.id, row.gw_port_id, wanted, routes, change.context
        )
        values["enable_snat"] = _snat(wanted)
        values[qos_attachment.ATTRIBUTE] = _policy(transaction, row, values["gw_port_id"], wanted, change.context)
    elif "routes" in values:
        check_next_hops(transaction.connection, ports_of(transaction.connection, [row.id]).get(row.id, []), routes)
    gw_port_id = values.get("gw_port_id", row.gw_port_id)
    if values.get("enable_ndp_proxy"):
        _check_proxies(transaction.connection, row.id, gw_port_id)
    elif gw_port_id is None:
        values["enable_ndp_proxy"] = False
    return values


def _check_proxies(connection: Connection, router_id: str, gw_port_id: str | None) -> None:
    """Raises AlcorError (409) unless the router's first gateway leads where NDP can be proxied."""
    gateways = [each for each in router_gateway.gateways_of(connection, router_id, gw_port_id) if each.id == gw_port_id]
    if not gateways or all(len(address) == 4 for _, address in gateways[0].fixed_ips):
        raise not_valid(router_id, "it has no external gateway, or that has no IPv6 address")
    if ipv6_scope(connection, gateways[0].network_id) is None:
        raise not_valid(router_id, f"the external network {gateways[0].network_id} has no IPv6 address scope")


def _check_down(change: Change) -> None:
    """Raises AlcorError (400) for what can change only while the router is down."""
    flags = [name for name in _ONLY_WHEN_DOWN if name in change.values]
    if change.view["flavor_id"] and any(change.values[name] != change.view[name] for name in flags):
        raise invalid_input(
            "Changing the 'ha' and 'distributed' attributes on a router associated with a flavor is not supported"
        )
    is_up = change.view["admin_state_up"] or change.values.get("admin_state_up", False)
    for name, reason in _ONLY_WHEN_DOWN.items():
        if is_up and change.values.get(name, change.view[name]) != change.view[name]:
            raise wrong_for("router", reason)


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    connection = transaction.connection
    interfaces = ports_of(connection, [row.id], [INTERFACE]).get(row.id, [])
    if interfaces:
        attached = ", ".join(each.id for each in interfaces)
        raise conflict("RouterInUse", f"Router {row.id} has ports still attached: {attached}")
    remaining = router_gateway.gateways_of(connection, row.id, row.gw_port_id)
    for gateway in reversed(list(remaining)):
        router_gateway.remove(transaction, row.id, gateway, remaining)
        remaining.remove(gateway)
    router_parts.forget(connection, row.id)
    transaction.record(RouterDeleted(id_bytes(row.id)))
    qos_attachment.forget(connection, [row])


def _computed(connection: Connection, rows: Sequence[Row[Any]], _context: Context) -> list[View]:
    ids = [row.id for row in rows]
    found = ports_of(connection, ids, [GATEWAY])
    helpers = router_parts.conntrack_helpers_of(connection, ids)
    zones = availability_zones.serving(connection)
    shown = []
    for row in rows:
        ports = router_gateway.with_first(found.get(row.id, []), row.gw_port_id)
        views = [router_gateway.gateway_view(each, row.enable_snat) for each in ports]
        shown.append(
            {
                "external_gateway_info": _first_gateway(row, views),
                "external_gateways": [
                    {name: value for name, value in view.items() if name != "enable_snat"} for view in views
                ],
                "conntrack_helpers": helpers.get(row.id, []),
                "availability_zones": availability_zones.among_hints(zones, ROWS.view(row)["availability_zone_hints"]),
            }
        )
    return shown


def _first_gateway(row: Row[Any], gateways: Sequence[View]) -> View | None:
    if not gateways:
        return None
    policy_id = qos_attachment.policy_of(row)
    return gateways[0] | {qos_attachment.ATTRIBUTE: policy_id} if policy_id else gateways[0]


def _named(shown: Schema) -> Schema:
    return holding({"router": shown})


def _interface(_shown: Schema) -> Schema:
    return router_interface.INFO


def _acting(name: str, operation: Operation, body: Schema, answer: Callable[[Schema], Schema] = _named) -> Action:
    """An action of the router: it is locked, and the caller must be allowed to carry out the action."""

    def act(transaction: Transaction, request: Act) -> Any:
        row = locked_row(transaction, ACCESS, request.id, request.context)
        ACCESS.require(transaction.connection, row, request.context, name, {})
        return operation(transaction, row, request)

    return Action("PUT", name, act, body=body, answer=answer)


def _changed(transaction: Transaction, row: Row[Any], **values: Any) -> Any:
    """Write the router after an action: a revision later."""
    beside = {name: getattr(row, name) for name in ROWS.beside}
    changed = ROWS.changed_row(row, beside | values, transaction.now)
    bulk.update_row(transaction.connection, router, changed)
    _tell(transaction, row, changed)
    return changed


def _add_interface(transaction: Transaction, row: Row[Any], request: Act) -> View:
    info = router_interface.add(transaction, row, request.body, request.context)
    _changed(transaction, row)
    return info


def _remove_interface(transaction: Transaction, row: Row[Any], request: Act) -> View:
    routes = ROWS.view(row)["routes"]
    info = router_interface.remove(transaction, row, routes, request.body, request.context)
    _changed(transaction, row)
    return info


def _saying(attribute: Attribute) -> Schema:
    """Bodies that say something of the router's attribute."""
    return holding({"router": holding({attribute.name: schema_of(attribute.convert) if attribute.convert else {}})})


def _said(request: Act, attribute: Attribute) -> Any:
    """What a request says of the router's attribute. Raises AlcorError (400) when it does not."""
    body = request.body.get("router") if isinstance(request.body, dict) else None
    if not isinstance(body, dict) or attribute.name not in body:
        raise bad_request(f"Invalid input for operation: the body must hold router.{attribute.name}.", "InvalidInput")
    return attribute.converted(body[attribute.name])


def _add_routes(transaction: Transaction, row: Row[Any], request: Act) -> View:
    more = _said(request, _ROUTES)
    old = ROWS.view(row)["routes"]
    return _with_routes(transaction, row, request, [*old, *(each for each in more if each not in old)])


def _remove_routes(transaction: Transaction, row: Row[Any], request: Act) -> View:
    gone = _said(request, _ROUTES)
    return _with_routes(transaction, row, request, [each for each in ROWS.view(row)["routes"] if each not in gone])


def _with_routes(transaction: Transaction, row: Row[Any], request: Act, routes: Sequence[Mapping[str, str]]) -> View:
    connection = transaction.connection
    checked = _ROUTES.converted(list(routes))
    quota.require_routes(transaction, row.project_id, len(ROWS.view(row)["routes"]), len(checked))
    check_next_hops(connection, ports_of(connection, [row.id]).get(row.id, []), checked)
    return _shown(transaction, _changed(transaction, row, routes=checked), request.context)


def _shown(transaction: Transaction, row: Any, context: Context) -> View:
    return {"router": ROUTERS.views(transaction.connection, [row], context)[0]}


def _gateways_said(transaction: Transaction, row: Row[Any], request: Act, action: str) -> list[dict[str, Any]]:
    """The gateways that a request names. Raises AlcorError, also for parts that the caller may not set (403)."""
    wanted: list[dict[str, Any]] = _said(request, _GATEWAYS)
    parts = sorted({part for each in wanted for part in each})
    names = ["external_gateways", *(f"external_gateways:{part}" for part in parts)]
    known = [f"{action}:{name}" for name in names if f"{action}:{name}" in ROUTER.rules]
    request.context.require(known, ACCESS.target(transaction.connection, row_values(row), request.context))
    return wanted


def _add_gateways(transaction: Transaction, row: Row[Any], request: Act) -> View:
    wanted = _gateways_said(transaction, row, request, "add_external_gateways")
    first = router_gateway.add_all(transaction, row.id, row.gw_port_id, wanted, request.context)
    new = wanted[0] if wanted and row.gw_port_id is None else None
    snat = _snat(new) if new else row.enable_snat
    policy_id = _policy(transaction, row, first, new, request.context)
    changed = _changed(transaction, row, gw_port_id=first, enable_snat=snat, qos_policy_id=policy_id)
    return _shown(transaction, changed, request.context)


def _update_gateways(transaction: Transaction, row: Row[Any], request: Act) -> View:
    wanted = _gateways_said(transaction, row, request, "update_external_gateways")
    first = router_gateway.replace_all(transaction, row.id, row.gw_port_id, wanted, request.context)
    new = wanted[0] if wanted else None
    policy_id = _policy(transaction, row, first, new, request.context)
    changed = _changed(transaction, row, gw_port_id=first, enable_snat=_snat(new), qos_policy_id=policy_id)
    _check_routes(transaction, changed)
    return _shown(transaction, changed, request.context)


def _remove_gateways(transaction: Transaction, row: Row[Any], request: Act) -> View:
    wanted = _gateways_said(transaction, row, request, "remove_external_gateways")
    first = router_gateway.remove_all(transaction, row.id, row.gw_port_id, wanted)
    policy_id = _policy(transaction, row, first, None, request.context)
    changed = _changed(transaction, row, gw_port_id=first, qos_policy_id=policy_id)
    _check_routes(transaction, changed)
    return _shown(transaction, changed, request.context)


def _check_routes(transaction: Transaction, row: Any) -> None:
    """Raises AlcorError (400) when a route is out of reach without a gateway that goes."""
    attached = ports_of(transaction.connection, [row.id]).get(row.id, [])
    check_next_hops(transaction.connection, attached, ROWS.view(row)["routes"])


ROUTERS = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        apply=_apply,
        changed=_tell_changed,
        forget=_forget,
        computed=_computed,
        quota="router",
        actions=(
            _acting("add_router_interface", _add_interface, router_interface.NAMED, _interface),
            _acting("remove_router_interface", _remove_interface, router_interface.NAMED, _interface),
            _acting("add_extraroutes", _add_routes, _saying(_ROUTES)),
            _acting("remove_extraroutes", _remove_routes, _saying(_ROUTES)),
            _acting("add_external_gateways", _add_gateways, _saying(_GATEWAYS)),
            _acting("update_external_gateways", _update_gateways, _saying(_GATEWAYS)),
            _acting("remove_external_gateways", _remove_gateways, _saying(_GATEWAYS)),
        ),
    )
)
