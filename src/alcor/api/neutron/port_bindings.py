"""``/v2.0/ports/{id}/bindings``: the hosts that a port is bound to, or will be when it has migrated (Nova)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.neutron import query
from alcor.api.neutron.descriptions import Descriptions
from alcor.api.routes import Route
from alcor.model.errors import bad_request
from alcor.model.resources.port_binding import PORT_BINDING
from alcor.model.values import shown_names
from alcor.services.ports import port_binding
from alcor.services.ports.port_binding import BindingRequest
from alcor.services.rows import View
from alcor.store.store import Store

_PATH = "/v2.0/ports/{id}/bindings"
_FILTERS = ("host", "vif_type", "vnic_type", "status")
_OF_PAGES = ("limit", "marker", "page_reverse", "sort_key", "sort_dir")
"""A port has few bindings: they are all listed."""

_SAYS = Descriptions(PORT_BINDING, "binding", "bindings")


def port_binding_routes(store: Store) -> list[Route]:
    """The routes."""

    async def several(request: Request) -> Response:
        port_id, parameters = request.parameters["id"], request.query()
        found = await store.read(lambda connection: port_binding.bindings_of(connection, port_id, request.context))
        fields = query.fields(parameters)
        return json_response(200, {"bindings": [query.chosen(view, fields) for view in _filtered(found, parameters)]})

    async def one(request: Request) -> Response:
        port_id, host = request.parameters["id"], request.parameters["host"]
        view = await store.read(lambda connection: port_binding.binding_on(connection, port_id, host, request.context))
        return json_response(200, {"binding": query.chosen(view, query.fields(request.query()))})

    async def create(request: Request) -> Response:
        asked = _request(request, PORT_BINDING.check_create(_item(request)))
        view = await store.write(lambda transaction: port_binding.create_binding(transaction, asked))
        return json_response(201, {"binding": view})

    async def change(request: Request) -> Response:
        asked = _request(request, PORT_BINDING.check_update(_item(request)))
        view = await store.write(lambda transaction: port_binding.update_binding(transaction, asked))
        return json_response(200, {"binding": view})

    async def delete(request: Request) -> Response:
        asked = _request(request)
        await store.write(lambda transaction: port_binding.delete_binding(transaction, asked))
        return NO_CONTENT

    async def activate(request: Request) -> Response:
        asked = _request(request)
        view = await store.write(lambda transaction: port_binding.activate_binding(transaction, asked))
        return json_response(200, view)

    listed = msgspec.structs.replace(
        _SAYS.list(), query=tuple(each for each in _SAYS.list().query if each.name not in _OF_PAGES)
    )
    item, rule = f"{_PATH}/{{host}}", PORT_BINDING.rule_name
    return [
        Route("GET", _PATH, several, rule=rule("get"), operation=listed),
        Route("POST", _PATH, create, rule=rule("create"), operation=_SAYS.create()),
        Route("GET", item, one, rule=rule("get"), operation=_SAYS.show()),
        Route("PUT", item, change, rule=rule("update"), operation=_SAYS.update()),
        Route("DELETE", item, delete, rule=rule("delete"), operation=_SAYS.delete(None)),
        Route("PUT", f"{item}/activate", activate, rule=rule("activate"), operation=_SAYS.activate()),
    ]


def _request(request: Request, values: dict[str, Any] | None = None) -> BindingRequest:
    return BindingRequest(request.parameters["id"], request.parameters.get("host", ""), request.context, values or {})


def _item(request: Request) -> Any:
    body = request.json()
    item = body.get("binding") if isinstance(body, dict) else None
    if item is None:
        raise bad_request("Unable to find 'binding' in request body")
    return item


def _filtered(found: Sequence[View], parameters: Sequence[tuple[str, str]]) -> list[View]:
    """Those that have one of the values that are asked for, of each attribute."""
    wanted: dict[str, list[str]] = {}
    for name, value in parameters:
        if name in _FILTERS:
            wanted.setdefault(name, []).append(value)
        elif name not in query.PAGING:
            raise bad_request(f"{shown_names([name])} is invalid attribute for filtering")
    return [view for view in found if all(view[name] in values for name, values in wanted.items())]
