"""Private IP addresses and their ranges, for operators."""

from typing import Any

from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, items, required
from alcor.model.errors import bad_request
from alcor.model.resources.subnet import ip_version
from alcor.model.values import Convert, ip_address, one_of, text
from alcor.services.subnets import ip_range
from alcor.services.subnets.ip_range import ACTIVATED, DEACTIVATED, Held, Wanted
from alcor.store.store import Store

_RULE = "context_is_admin"


def ip_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Private IP Manager under a prefix."""
    several = f"{prefix}/ips/range"

    async def reserve(request: Request) -> Response:
        wanted = _wanted(request.json())
        views = await store.write(lambda transaction: ip_range.reserve(transaction, [wanted]))
        return json_response(201, views[0])

    async def reserve_bulk(request: Request) -> Response:
        wanted = [_wanted(item) for item in items(request.json(), "ip_requests")]
        views = await store.write(lambda transaction: ip_range.reserve(transaction, wanted))
        return json_response(201, {"ip_requests": views})

    async def change(request: Request) -> Response:
        changes = [_state(request.json())]
        views = await store.write(lambda transaction: ip_range.change_states(transaction, changes))
        return json_response(200, views[0])

    async def change_bulk(request: Request) -> Response:
        changes = [_state(item) for item in items(request.json(), "ip_requests")]
        views = await store.write(lambda transaction: ip_range.change_states(transaction, changes))
        return json_response(200, {"ip_requests": views})

    async def release(request: Request) -> Response:
        held = Held(request.parameters["range_id"], _path_address(request))
        await store.write(lambda transaction: ip_range.release(transaction, [held]))
        return Response(200)

    async def release_bulk(request: Request) -> Response:
        held = [_held(item) for item in items(request.json(), "ip_requests")]
        await store.write(lambda transaction: ip_range.release(transaction, held))
        return Response(200)

    async def replace(request: Request) -> Response:
        body = request.json()
        old = [_held(item) for item in items(body, "oldIpAddrRequests")]
        new = [_wanted(item) for item in items(body, "newIpAddrRequests")]
        views = await store.write(lambda transaction: ip_range.replace(transaction, old, new))
        return json_response(200, {"oldIpAddrRequests": body["oldIpAddrRequests"], "newIpAddrRequests": views})

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
        given = required(request.json(), {each: text(255) for each in ("vpc_id", "subnet_id", "first_ip", "last_ip")})
        if (chosen := request.json().get("id")) not in (None, given["subnet_id"]):
            raise bad_request(f"Invalid input for id. Reason: {chosen!r:.64} is not the subnet's, as a range's id is.")
        first, last = (checked(name, ip_address, given[name]) for name in ("first_ip", "last_ip"))
        view = await store.write(
            lambda transaction: ip_range.add_range(transaction, given["subnet_id"], given["vpc_id"], first, last)
        )
        return json_response(201, view)

    async def remove_range(request: Request) -> Response:
        range_id = request.parameters["range_id"]
        await store.write(lambda transaction: ip_range.remove_range(transaction, range_id))
        return Response(200)

    return [
        Route("POST", f"{prefix}/ips", reserve, rule=_RULE),
        Route("PUT", f"{prefix}/ips", change, rule=_RULE),
        Route("POST", f"{prefix}/ips/bulk", reserve_bulk, rule=_RULE),
        Route("PUT", f"{prefix}/ips/bulk", change_bulk, rule=_RULE),
        Route("DELETE", f"{prefix}/ips/bulk", release_bulk, rule=_RULE),
        Route("POST", f"{prefix}/ips/update", replace, rule=_RULE),
        Route("GET", several, list_ranges, rule=_RULE),
        Route("POST", several, add_range, rule=_RULE),
        Route("GET", f"{several}/{{range_id}}", show_range, rule=_RULE),
        Route("DELETE", f"{several}/{{range_id}}", remove_range, rule=_RULE),
        Route("GET", f"{prefix}/ips/{{range_id}}", list_held, rule=_RULE),
        Route("GET", f"{prefix}/ips/{{range_id}}/{{ip}}", show, rule=_RULE),
        Route("DELETE", f"{prefix}/ips/{{range_id}}/{{ip}}", release, rule=_RULE),
    ]


def _wanted(body: Any) -> Wanted:
    if not isinstance(body, dict):
        raise bad_request("An address is asked for by an object.")
    given = {name: body[name] for name in ("range_id", "vpc_id", "ip_version", "ip") if body.get(name) is not None}
    if not {"range_id", "vpc_id"} & given.keys():
        raise bad_request("Failed to parse request. Required attribute 'range_id' not specified: or say 'vpc_id'.")
    converts: dict[str, Convert] = {
        "range_id": text(255),
        "vpc_id": text(255),
        "ip_version": ip_version,
        "ip": ip_address,
    }
    return Wanted(**{name: checked(name, converts[name], value) for name, value in given.items()})


def _held(body: Any) -> Held:
    given = required(body, {"range_id": text(255), "ip": ip_address})
    return Held(given["range_id"], given["ip"])


def _state(body: Any) -> tuple[Held, str]:
    state: str = required(body, {"state": one_of(ACTIVATED, DEACTIVATED)})["state"]
    return _held(body), state


def _path_address(request: Request) -> str:
    address: str = checked("ip", ip_address, request.parameters["ip"])
    return address


def _page(request: Request, most: int, marker: Convert) -> tuple[str, int]:
    """Past what, and how many: lists of this API have no links, the last item is the next marker."""
    given = dict(request.query())
    limit = given.get("limit", str(most))
    if not limit.isdecimal() or not 0 < int(limit) <= most:
        raise bad_request(f"Invalid input for limit. Reason: it must be a number from 1 to {most}.")
    after = given.get("marker", "")
    return (checked("marker", marker, after) if after else ""), int(limit)
