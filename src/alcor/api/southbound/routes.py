"""The southbound side of this controller: how it does (``/southbound/status``), and trying again what failed."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.api.http import Handler, Request, Response, json_response
from alcor.api.operation import Operation, Parameter
from alcor.api.routes import Route
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.status import MOST, southbound_status
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.identifiers import Id, canonical_id, id_bytes, id_text
from alcor.model.schema import OBJECT, STRING, STRING_OR_NULL, all_of, holding
from alcor.services.hosts import host_session
from alcor.services.hosts.node import NODES
from alcor.store.listing.page import count_rows
from alcor.store.listing.query import Query
from alcor.store.store import Store

_STATUS, _RETRY = "/southbound/status", "/southbound/retry"
_DEFAULT_LIMIT = 20
_LONGEST_LIMIT = 9  # digits

NcmFigures = Callable[[], Mapping[str, int]]
"""What the Network Config Manager has counted, by name."""

QueueFigures = Callable[[], Mapping[str, Any]]
"""How the message-queue path does; empty without one."""


class RetryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which host is to try again: one port, or all that it could not program."""

    host_id: str
    port_id: str | None = None


_GROUP = "hosts"
_LIMIT = Parameter("limit", {"type": "integer", "minimum": 0, "maximum": MOST}, "How many hosts of each list at most.")
_LOOK = Operation("How the hosts of this controller do", _GROUP, OBJECT, query=(_LIMIT,))
_WANTED = holding({"host_id": STRING, "port_id": STRING_OR_NULL}, "port_id")
_TRY = Operation(
    "Have a host try again what it could not program",
    _GROUP,
    holding({"host_id": STRING, "port_ids": all_of(STRING)}),
    _WANTED | {"additionalProperties": False},
    status=202,
)


def southbound_routes(
    store: Store, manager: DataPlaneManager, ncm_figures: NcmFigures, queue_figures: QueueFigures = dict
) -> list[Route]:
    """The routes of a controller with this Data Plane Manager."""

    async def status(request: Request) -> Response:
        found = await southbound_status(store, manager, _limit(request))
        return json_response(200, msgspec.to_builtins(found) | {"ncm": ncm_figures(), "message_queue": queue_figures()})

    async def retry(request: Request) -> Response:
        wanted, port_id = _retry_request(request.json())
        retried = manager.retry(wanted.host_id, port_id)
        if retried is None:
            raise await store.read(lambda connection: _not_here(connection, wanted.host_id))
        return json_response(202, {"host_id": wanted.host_id, "port_ids": list(map(id_text, retried))})

    return [
        Route("GET", _STATUS, status, _LOOK, rule="context_is_admin"),
        Route("POST", _RETRY, retry, _TRY, rule="context_is_admin"),
    ]


def ncm_routes(roles: Collection[str], status: Callable[[], Any]) -> list[Route]:
    """The same paths of a controller that only answers hosts that ask; ``status`` is its own."""

    async def own(_request: Request) -> Response:
        return json_response(200, msgspec.to_builtins(status()))

    return [
        Route("GET", _STATUS, own, _LOOK, rule="context_is_admin"),
        Route("POST", _RETRY, _elsewhere(roles), _TRY, rule="context_is_admin"),
    ]


def routes_elsewhere(roles: Collection[str]) -> list[Route]:
    """The same paths of a controller to which no hosts connect: they say where to ask."""
    return [
        Route("GET", _STATUS, _elsewhere(roles), _LOOK, rule="context_is_admin"),
        Route("POST", _RETRY, _elsewhere(roles), _TRY, rule="context_is_admin"),
    ]


def _elsewhere(roles: Collection[str]) -> Handler:
    async def refuse(_request: Request) -> Response:
        raise conflict(
            "NoDataPlaneManager",
            f"This controller has the role {' '.join(sorted(roles))} and serves no hosts: ask one with the role dpm.",
        )

    return refuse


def _limit(request: Request) -> int:
    text = dict(request.query()).get("limit", str(_DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_LIMIT or int(text) > MOST:
        raise bad_request(f"limit is {text[:64]!r}: write a number from 0 to {MOST}.")
    return int(text)


def _retry_request(body: Any) -> tuple[RetryRequest, Id | None]:
    try:
        wanted = msgspec.convert(body, RetryRequest)
    except msgspec.ValidationError as error:
        raise bad_request(f'{error}: write {{"host_id": HOST}}, with "port_id" for one port only.') from error
    if wanted.port_id is None:
        return wanted, None
    try:
        return wanted, id_bytes(canonical_id(wanted.port_id))
    except ValueError as error:
        raise bad_request(f"port_id {wanted.port_id!r} is not a UUID.") from error


def _not_here(connection: Connection, host_id: str) -> AlcorError:
    """Why the host is not connected to this controller."""
    elsewhere = host_session.controller_of(connection, host_id)
    if elsewhere is not None:
        return conflict("HostElsewhere", f"Host {host_id} is served by controller {elsewhere}: ask that one.")
    if not count_rows(connection, NODES.table, Query(filters={"id": [host_id]})):
        return not_found("node", host_id)
    return conflict(
        "HostNotConnected",
        f"Host {host_id} is connected to no controller: it gets what it missed as soon as its agent is back.",
    )


def _for_operators(status: Handler, retry: Handler) -> list[Route]:
    return [
        Route("GET", _STATUS, status, _LOOK, rule="context_is_admin"),
        Route("POST", _RETRY, retry, _TRY, rule="context_is_admin"),
    ]
