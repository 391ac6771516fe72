"""Trust between hosts and controllers: join tokens, revocation, and the authorities."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked
from alcor.channels.trust.certificates import fingerprint
from alcor.model.errors import bad_request
from alcor.model.resources.standard import timestamp_text
from alcor.model.schema import STRING, STRING_OR_NULL, all_of, holding
from alcor.model.values import Convert, boolean, integer, schema_of, text
from alcor.services.trust import authorities, nodes
from alcor.services.trust.authorities import StoredAuthority
from alcor.services.trust.nodes import Invitation
from alcor.services.trust.settings import TrustSettings
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_ADMIN = "context_is_admin"
_GROUP = "trust"
_DEFAULT_HOURS = 24
_hours = integer(1, 24 * 365)
_name = text(255)
_SERVER_NAMES = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*( [A-Za-z0-9_][A-Za-z0-9_.:-]*)*")

_INVITATION = holding({"token": STRING, "authority": STRING, "expires_at": STRING})
_ANSWER = holding({"join_token": _INVITATION})
_WANTED = holding({"hours": schema_of(_hours)}, "hours")
_AUTHORITY = holding(
    {
        "number": {"type": "integer"},
        "fingerprint": STRING,
        "certificate": STRING,
        "signs_from": STRING,
        "trusted_until": STRING_OR_NULL,
    }
)

_INVITE_HOST = Operation("Make a token with which a node's agent gets its first certificate", _GROUP, _ANSWER, _WANTED)
_INVITE_FLEET = Operation("Make a token for one that speaks for many simulated hosts", _GROUP, _ANSWER, _WANTED)
_INVITE_BROKER = Operation(
    "Make a token with which a broker of the message queue gets its first certificate", _GROUP, _ANSWER, _WANTED
)
_REVOKE = Operation("Refuse all certificates that a node has, from now on", _GROUP, holding({"id": STRING}))
_LIST = Operation("The authorities that are trusted", _GROUP, holding({"authorities": all_of(_AUTHORITY)}))
_ROTATION = holding({"at_once": schema_of(boolean)}, "at_once")
_ROTATE = Operation(
    "Make another authority, which signs once all hosts know it; or at once, and no other is trusted any more",
    _GROUP,
    holding({"authority": _AUTHORITY}),
    _ROTATION,
)

_Invite = Callable[[Transaction, str, int], Invitation]


def trust_routes(store: Store, prefix: str, settings: TrustSettings) -> list[Route]:
    """The routes under a prefix."""

    async def invited(request: Request, invite: _Invite, name: str) -> Response:
        seconds = _lifetime(request) * 3600
        made = await store.write(lambda transaction: invite(transaction, name, seconds))
        answer = {"token": made.token, "authority": made.authority, "expires_at": timestamp_text(made.expires_at)}
        return json_response(200, {"join_token": answer})

    async def invite_host(request: Request) -> Response:
        return await invited(request, nodes.invite_host, request.parameters["node_id"])

    async def invite_fleet(request: Request) -> Response:
        return await invited(request, nodes.invite_fleet, checked("name", _name, request.parameters["name"]))

    async def invite_broker(request: Request) -> Response:
        return await invited(request, nodes.invite_broker, _server_names(request.parameters["names"]))

    async def revoke(request: Request) -> Response:
        node_id = request.parameters["node_id"]
        await store.write(partial(nodes.revoke_host, host_id=node_id))
        return json_response(200, {"id": node_id})

    async def list_authorities(_request: Request) -> Response:
        found = await store.read(authorities.read)
        return json_response(200, {"authorities": list(map(_shown, found))})

    async def rotate(request: Request) -> Response:
        if _is_at_once(request):
            made = await store.write(partial(authorities.replace, secret=settings.secret))
        else:
            made = await store.write(partial(authorities.rotate, secret=settings.secret, lifetime=settings.lifetime))
        return json_response(200, {"authority": _shown(made)})

    node = f"{prefix}/nodes/{{node_id}}"
    return [
        Route("POST", f"{node}/join-token", invite_host, _INVITE_HOST, rule=_ADMIN),
        Route("POST", f"{node}/revoke", revoke, _REVOKE, rule=_ADMIN),
        Route("POST", f"{prefix}/trust/fleets/{{name}}/join-token", invite_fleet, _INVITE_FLEET, rule=_ADMIN),
        Route("POST", f"{prefix}/trust/brokers/{{names}}/join-token", invite_broker, _INVITE_BROKER, rule=_ADMIN),
        Route("GET", f"{prefix}/trust/authorities", list_authorities, _LIST, rule=_ADMIN),
        Route("POST", f"{prefix}/trust/authorities", rotate, _ROTATE, rule=_ADMIN),
    ]


def _server_names(names: str) -> str:
    """What a broker is reached by: names and addresses, with a space between two."""
    found: str = checked("names", _name, names)
    if not _SERVER_NAMES.fullmatch(found):
        raise bad_request(f"names is {found!r}: write host names and addresses, with a space between two.")
    return found


def _lifetime(request: Request) -> int:
    """For how many hours a token is wanted."""
    hours: int = _said(request, "hours", _hours, _DEFAULT_HOURS)
    return hours


def _is_at_once(request: Request) -> bool:
    """Whether the authorities there are must not be trusted any more."""
    at_once: bool = _said(request, "at_once", boolean, False)
    return at_once


def _said(request: Request, name: str, convert: Convert, usual: Any) -> Any:
    """The only member that the body may have."""
    if not request.body:
        return usual
    body = request.json()
    if not isinstance(body, dict) or body.keys() - {name}:
        raise bad_request(f"Malformed request body: write {json.dumps({name: usual})}, or nothing.")
    return checked(name, convert, body.get(name, usual))


def _shown(authority: StoredAuthority) -> dict[str, Any]:
    until = authority.trusted_until
    return {
        "number": authority.number,
        "fingerprint": fingerprint(authority.certificate),
        "certificate": authority.certificate.decode(),
        "signs_from": timestamp_text(authority.signs_from),
        "trusted_until": None if until is None else timestamp_text(until),
    }
