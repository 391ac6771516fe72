"""Private IP addresses and their ranges, for operators."""

from typing import Any

from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation, Parameter
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, items, required
from alcor.model.errors import bad_request
from alcor.model.resources.subnet import ip_version
from alcor.model.schema import INTEGER, STRING, STRING_OR_NULL, all_of, holding, some, taking
from alcor.model.values import Convert, Schema, integer, ip_address, one_of, optional, text
from alcor.services.subnets import ip_range
from alcor.services.subnets.ip_range import ACTIVATED, DEACTIVATED, Held, Wanted
from alcor.store.store import Store

_RULE = "context_is_admin"
_SEVERAL, _OLD, _NEW = "ip_requests", "oldIpAddrRequests", "newIpAddrRequests"

_HELD: dict[str, Convert] = {"range_id": text(255), "ip": ip_address}
_STATE: dict[str, Convert] = {"state": one_of(ACTIVATED, DEACTIVATED)}
_WANTED: dict[str, Convert] = {"range_id": text(255), "vpc_id": text(255), "ip_version": ip_version, "ip": ip_address}
_RANGE: dict[str, Convert] = {
    "vpc_id": text(255),
    "subnet_id": text(255),
    "first_ip": ip_address,
    "last_ip": ip_address,
}
_OF_RANGE = {"range_id", "vpc_id"}
"""Either says which range an address is to be of."""

_ASKED = taking({}, {name: optional(convert) for name, convert in _WANTED.items()})
_ASKED |= {"anyOf": [{"required": [name]} for name in sorted(_OF_RANGE)]}
_NAMED, _CHANGED = taking(_HELD), taking(_HELD | _STATE)
_SHOWN = holding({"ip_version": INTEGER} | dict.fromkeys(("vpc_id", "subnet_id", "range_id", "ip", "state"), STRING))
_BOUNDS = dict.fromkeys(("first_ip", "last_ip"), STRING_OR_NULL)
_COUNTED = dict.fromkeys(("ip_version", "used_ips", "total_ips"), INTEGER)
_SHOWN_RANGE = holding(dict.fromkeys(("id", "vpc_id", "subnet_id"), STRING) | _BOUNDS | _COUNTED)
_ALL_SHOWN = holding({_SEVERAL: all_of(_SHOWN)})
_PAGING = (
    Parameter("limit", {"type": "integer", "minimum": 1}, "How many at most."),
    Parameter("marker", STRING, "The last one of the page before."),
)


def _ips(summary: str, answer: Schema | None, body: Schema | None = None, status: int = 200) -> Operation:
    return Operation(summary, "private IPs", answer, body, status)


def _page_of(items: str, item: Schema) -> Operation:
    return Operation(f"A page of {items}", "private IPs", all_of(item), query=_PAGING)


_RESERVE = _ips("Reserve an address, or the next free one", _SHOWN, _ASKED, 201)
_RESERVE_BULK = _ips("Reserve several addresses: all or none", _ALL_SHOWN, holding({_SEVERAL: some(_ASKED)}), 201)
_CHANGE = _ips("Say whether a reserved address is in use", _SHOWN, _CHANGED)
_CHANGE_BULK = _ips("Say of several whether they are in use", _ALL_SHOWN, holding({_SEVERAL: some(_CHANGED)}))
_RELEASE = _ips("Give an address back", None)
_RELEASE_BULK = _ips("Give several addresses back: all or none", None, holding({_SEVERAL: some(_NAMED)}))
_REPLACE = _ips(
    "Give addresses back for others, in one step",
    holding({_OLD: all_of(_NAMED), _NEW: all_of(_SHOWN)}),
    holding({_OLD: some(_NAMED), _NEW: some(_ASKED)}),
)
_SHOW = _ips("An address that is held", _SHOWN)
_LIST_HELD = _page_of("the addresses of a range that are held", _SHOWN)
_LIST_RANGES = _page_of("ranges of addresses", _SHOWN_RANGE)
_SHOW_RANGE = _ips("A range of addresses", _SHOWN_RANGE)
_ADD_RANGE = _ips("Give out these addresses of a subnet, too", _SHOWN_RANGE, taking(_RANGE), 201)
_REMOVE_RANGE = _ips("Give out no addresses of a subnet any more", None)


def ip_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Private IP Manager under a prefix."""
    several = f"{prefix}/ips/range"

    async def reserve(request: Request) -> Response:
        wanted = _wanted(request.json())
        views = await store.write(lambda transaction: ip_range.reserve(transaction, [wanted]))
        return json_response(201, views[0])

    async def reserve_bulk(request: Request) -> Response:
        wanted = [_wanted(item) for item in items(request.json(), _SEVERAL)]
        views = await store.write(lambda transaction: ip_range.reserve(transaction, wanted))
        return json_response(201, {_SEVERAL: views})

    async def change(request: Request) -> Response:
        changes = [_state(request.json())]
        views = await store.write(lambda transaction: ip_range.change_states(transaction, changes))
        return json_response(200, views[0])

    async def change_bulk(request: Request) -> Response:
        changes = [_state(item) for item in items(request.json(), _SEVERAL)]
        views = await store.write(lambda transaction: ip_range.change_states(transaction, changes))
        return json_response(200, {_SEVERAL: views})

    async def release(request: Request) -> Response:
        held = Held(request.parameters["range_id"], _path_address(request))
        await store.write(lambda transaction: ip_range.release(transaction, [held]))
        return Response(200)

    async def release_bulk(request: Request) -> Response:
        held = [_held(item) for item in items(request.json(), _SEVERAL)]
        await store.write(lambda transaction: ip_range.release(transaction, held))
        return Response(200)

    async def replace(request: Request) -> Response:
        body = request.json()
        old = [_held(item) for item in items(body, _OLD)]
        new = [_wanted(item) for item in items(body, _NEW)]
        views = await store.write(lambda transaction: ip_range.replace(transaction, old, new))
        return json_response(200, {_OLD: body[_OLD], _NEW: views})

    async def show(request: Request) -> Response:
        held = Held(request.parameters["range_id"], _path_address(request))
        return json_response(200, await store.read(lambda connection: ip_range.address(connection, held)))

    async def list_held(request: Request) -> Response:
        range_id, (after, limit) = request.parameters["range_id"], _page(request, page_limit, ip_address)

        def read(connection: Connection) -> Any:
            return ip_range.addresses(connection, range_id, after, limit)

        return json_response(200, await store.read(read))

    async def list_ranges(request: Request) -> Response:
        after, limit = _page(request, page_limit, text(255))
        return json_response(200, await store.read(lambda connection: ip_range.ranges(connection, after, limit)))

    async def show_range(request: Request) -> Response:
        range_id = request.parameters["range_id"]
        return json_response(200, await store.read(lambda connection: ip_range.range_of(connection, range_id)))

    async def add_range(request: Request) -> Response:
        given = required(request.json(), _RANGE)
        if (chosen := request.json().get("id")) not in (None, given["subnet_id"]):
            raise bad_request(f"Invalid input for id. Reason: {chosen!r:.64} is not the subnet's, as a range's id is.")
        view = await store.write(
            lambda transaction: ip_range.add_range(
                transaction, given["subnet_id"], given["vpc_id"], given["first_ip"], given["last_ip"]
            )
        )
        return json_response(201, view)

    async def remove_range(request: Request) -> Response:
        range_id = request.parameters["range_id"]
        await store.write(lambda transaction: ip_range.remove_range(transaction, range_id))
        return Response(200)

    return [
        Route("POST", f"{prefix}/ips", reserve, _RESERVE, rule=_RULE),
        Route("PUT", f"{prefix}/ips", change, _CHANGE, rule=_RULE),
        Route("POST", f"{prefix}/ips/bulk", reserve_bulk, _RESERVE_BULK, rule=_RULE),
        Route("PUT", f"{prefix}/ips/bulk", change_bulk, _CHANGE_BULK, rule=_RULE),
        Route("DELETE", f"{prefix}/ips/bulk", release_bulk, _RELEASE_BULK, rule=_RULE),
        Route("POST", f"{prefix}/ips/update", replace, _REPLACE, rule=_RULE),
        Route("GET", several, list_ranges, _LIST_RANGES, rule=_RULE),
        Route("POST", several, add_range, _ADD_RANGE, rule=_RULE),
        Route("GET", f"{several}/{{range_id}}", show_range, _SHOW_RANGE, rule=_RULE),
        Route("DELETE", f"{several}/{{range_id}}", remove_range, _REMOVE_RANGE, rule=_RULE),
        Route("GET", f"{prefix}/ips/{{range_id}}", list_held, _LIST_HELD, rule=_RULE),
        Route("GET", f"{prefix}/ips/{{range_id}}/{{ip}}", show, _SHOW, rule=_RULE),
        Route("DELETE", f"{prefix}/ips/{{range_id}}/{{ip}}", release, _RELEASE, rule=_RULE),
    ]


def _wanted(body: Any) -> Wanted:
    if not isinstance(body, dict):
        raise bad_request("An address is asked for by an object.")
    given = {name: body[name] for name in _WANTED if body.get(name) is not None}
    if not _OF_RANGE & given.keys():
        raise bad_request("Failed to parse request. Required attribute 'range_id' not specified: or say 'vpc_id'.")
    return Wanted(**{name: checked(name, _WANTED[name], value) for name, value in given.items()})


def _held(body: Any) -> Held:
    given = required(body, _HELD)
    return Held(given["range_id"], given["ip"])


def _state(body: Any) -> tuple[Held, str]:
    state: str = required(body, _STATE)["state"]
    return _held(body), state


def _path_address(request: Request) -> str:
    address: str = checked("ip", ip_address, request.parameters["ip"])
    return address


def _page(request: Request, most: int, marker: Convert) -> tuple[str, int]:
    """Past what, and how many: lists of this API have no links, the last item is the next marker."""
    given = request.query()
    limits = [most, *(checked("limit", integer(1, most), value) for name, value in given if name == "limit")]
    after, limit = dict(given).get("marker", ""), limits[-1]
    return (checked("marker", marker, after) if after else ""), limit
