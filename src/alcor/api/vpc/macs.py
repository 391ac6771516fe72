"""MAC addresses and their ranges, for operators."""

from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, items, member
from alcor.model.addresses import MAC_BROADCAST, mac_number, mac_text
from alcor.model.errors import bad_request
from alcor.model.values import Convert, mac_address, one_of, text
from alcor.services.ports import mac_range
from alcor.services.ports.mac_range import ACTIVE, INACTIVE, MacRange, Reservation
from alcor.store.store import Store

_RULE = "context_is_admin"
_STATE = one_of(ACTIVE, INACTIVE)
_LARGEST_RANGE = 1 << 32


def mac_routes(store: Store, prefix: str) -> list[Route]:
    """The routes of the MAC Manager under a prefix."""
    macs, ranges = f"{prefix}/macs", f"{prefix}/macs/ranges"

    async def reserve(request: Request) -> Response:
        wanted, range_id = _reservation(member(request.json(), "mac_state")), request.parameters.get("range_id", "")
        views = await store.write(lambda transaction: mac_range.reserve(transaction, [wanted], range_id))
        return json_response(201, {"mac_state": views[0]})

    async def reserve_bulk(request: Request) -> Response:
        wanted = [_reservation(item) for item in items(request.json(), "mac_states")]
        range_id = request.parameters.get("range_id", "")
        views = await store.write(lambda transaction: mac_range.reserve(transaction, wanted, range_id))
        return json_response(201, {"mac_states": views})

    async def show(request: Request) -> Response:
        address = mac_range.parse_address(request.parameters["mac"])
        return json_response(200, {"mac_state": await store.read(lambda read: mac_range.state_of(read, address))})

    async def change(request: Request) -> Response:
        address = mac_range.parse_address(request.parameters["mac"])
        wanted = _reservation(member(request.json(), "mac_state"))
        if wanted.address not in (None, address):
            raise bad_request("Invalid input for mac_address. Reason: it is not the one of the path.")
        view = await store.write(lambda transaction: mac_range.change(transaction, address, wanted))
        return json_response(200, {"mac_state": view})

    async def release(request: Request) -> Response:
        address = mac_range.parse_address(request.parameters["mac"])
        await store.write(lambda transaction: mac_range.release(transaction, address))
        return json_response(200, {"mac_address": mac_text(address)})

    async def list_ranges(_request: Request) -> Response:
        return json_response(200, {"mac_ranges": await store.read(mac_range.ranges)})

    async def show_range(request: Request) -> Response:
        range_id = request.parameters["range_id"]
        return json_response(200, {"mac_range": await store.read(lambda read: mac_range.range_of(read, range_id))})

    async def add_range(request: Request) -> Response:
        wanted = _range(member(request.json(), "mac_range"))
        view = await store.write(lambda transaction: mac_range.create_range(transaction, wanted))
        return json_response(201, {"mac_range": view})

    async def change_range(request: Request) -> Response:
        range_id, wanted = request.parameters["range_id"], _range(member(request.json(), "mac_range"))
        if wanted.id not in ("", range_id):
            raise bad_request("Invalid input for range_id. Reason: it is not the one of the path.")
        view = await store.write(lambda transaction: mac_range.update_range(transaction, range_id, wanted))
        return json_response(200, {"mac_range": view})

    async def remove_range(request: Request) -> Response:
        range_id = request.parameters["range_id"]
        await store.write(lambda transaction: mac_range.delete_range(transaction, range_id))
        return json_response(200, {"id": range_id})

    return [
        Route("POST", macs, reserve, rule=_RULE),
        Route("POST", f"{macs}/bulk", reserve_bulk, rule=_RULE),
        Route("POST", f"{macs}/range/{{range_id}}", reserve, rule=_RULE),
        Route("POST", f"{macs}/range/{{range_id}}/bulk", reserve_bulk, rule=_RULE),
        Route("GET", ranges, list_ranges, rule=_RULE),
        Route("POST", ranges, add_range, rule=_RULE),
        Route("GET", f"{ranges}/{{range_id}}", show_range, rule=_RULE),
        Route("PUT", f"{ranges}/{{range_id}}", change_range, rule=_RULE),
        Route("DELETE", f"{ranges}/{{range_id}}", remove_range, rule=_RULE),
        Route("GET", f"{macs}/{{mac}}", show, rule=_RULE),
        Route("PUT", f"{macs}/{{mac}}", change, rule=_RULE),
        Route("DELETE", f"{macs}/{{mac}}", release, rule=_RULE),
    ]


def _reservation(body: Any) -> Reservation:
    converts: dict[str, Convert] = {
        "project_id": text(255),
        "vpc_id": text(255),
        "port_id": text(255),
        "state": _STATE,
        "mac_address": mac_address,
    }
    given = {name: checked(name, converts[name], body[name]) for name in converts if body.get(name)}
    address = given.pop("mac_address", None)
    return Reservation(**given, address=None if address is None else mac_number(address))


def _range(body: Any) -> MacRange:
    for name in ("from", "to"):
        if not body.get(name):
            raise bad_request(f"Failed to parse request. Required attribute '{name}' not specified")
    first, last = (mac_number(checked(name, mac_address, body[name])) for name in ("from", "to"))
    if not first <= last < MAC_BROADCAST or last - first >= _LARGEST_RANGE or (first ^ last) >> 40:
        raise bad_request(
            f"Invalid input for to. Reason: {mac_text(last)} must not come before {mac_text(first)}, "
            f"nor more than {_LARGEST_RANGE} addresses after it."
        )
    state = checked("state", _STATE, body["state"]) if body.get("state") else ACTIVE
    range_id = checked("range_id", text(36), body["range_id"]) if body.get("range_id") else ""
    return MacRange(first, last, state, range_id)
