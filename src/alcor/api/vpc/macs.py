"""MAC addresses and their ranges, for operators."""

from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, items, member, required, unless_empty
from alcor.model.addresses import MAC_BROADCAST, mac_number, mac_text
from alcor.model.errors import bad_request
from alcor.model.schema import INTEGER, STRING, STRING_OR_NULL, all_of, holding, some, taking
from alcor.model.values import Convert, mac_address, one_of, text
from alcor.services.ports import mac_range
from alcor.services.ports.mac_range import ACTIVE, INACTIVE, MacRange, Reservation
from alcor.store.store import Store

_RULE = "context_is_admin"
_STATE = one_of(ACTIVE, INACTIVE)
_TEXT = unless_empty(text(255))
_RESERVATION: dict[str, Convert] = {
    "project_id": _TEXT,
    "vpc_id": _TEXT,
    "port_id": _TEXT,
    "state": unless_empty(_STATE),
    "mac_address": unless_empty(mac_address),
}
_RANGE: dict[str, Convert] = {"from": mac_address, "to": mac_address}
_RANGE_OTHERS: dict[str, Convert] = {"state": unless_empty(_STATE), "range_id": unless_empty(text(36))}

_WANTED = taking({}, _RESERVATION)
_RESERVED = holding(dict.fromkeys(_RESERVATION, STRING_OR_NULL))
_WANTED_RANGE = taking(_RANGE, _RANGE_OTHERS)
_SHOWN_RANGE = holding(dict.fromkeys(("range_id", "from", "to", "state"), STRING) | {"capacity": INTEGER})
_ONE, _SEVERAL = holding({"mac_state": _RESERVED}), holding({"mac_states": all_of(_RESERVED)})
_ASKED, _ALL_ASKED = holding({"mac_state": _WANTED}), holding({"mac_states": some(_WANTED)})
_RANGE_SHOWN, _RANGE_ASKED = holding({"mac_range": _SHOWN_RANGE}), holding({"mac_range": _WANTED_RANGE})

_RESERVE = Operation("Reserve a MAC address, or the next free one", "macs", _ONE, _ASKED, 201)
_RESERVE_BULK = Operation("Reserve several MAC addresses: all or none", "macs", _SEVERAL, _ALL_ASKED, 201)
_SHOW = Operation("A MAC address in use", "macs", _ONE)
_CHANGE = Operation("Change what is said of a reserved MAC address", "macs", _ONE, _ASKED)
_RELEASE = Operation("Give a MAC address back", "macs", holding({"mac_address": STRING}))
_LIST_RANGES = Operation("All ranges of MAC addresses", "MAC ranges", holding({"mac_ranges": all_of(_SHOWN_RANGE)}))
_SHOW_RANGE = Operation("A range of MAC addresses", "MAC ranges", _RANGE_SHOWN)
_ADD_RANGE = Operation("Add a range of MAC addresses", "MAC ranges", _RANGE_SHOWN, _RANGE_ASKED, 201)
_CHANGE_RANGE = Operation("Change a range of MAC addresses", "MAC ranges", _RANGE_SHOWN, _RANGE_ASKED)
_REMOVE_RANGE = Operation("Remove a range of MAC addresses", "MAC ranges", holding({"id": STRING}))
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
        Route("POST", macs, reserve, _RESERVE, rule=_RULE),
        Route("POST", f"{macs}/bulk", reserve_bulk, _RESERVE_BULK, rule=_RULE),
        Route("POST", f"{macs}/range/{{range_id}}", reserve, _RESERVE, rule=_RULE),
        Route("POST", f"{macs}/range/{{range_id}}/bulk", reserve_bulk, _RESERVE_BULK, rule=_RULE),
        Route("GET", ranges, list_ranges, _LIST_RANGES, rule=_RULE),
        Route("POST", ranges, add_range, _ADD_RANGE, rule=_RULE),
        Route("GET", f"{ranges}/{{range_id}}", show_range, _SHOW_RANGE, rule=_RULE),
        Route("PUT", f"{ranges}/{{range_id}}", change_range, _CHANGE_RANGE, rule=_RULE),
        Route("DELETE", f"{ranges}/{{range_id}}", remove_range, _REMOVE_RANGE, rule=_RULE),
        Route("GET", f"{macs}/{{mac}}", show, _SHOW, rule=_RULE),
        Route("PUT", f"{macs}/{{mac}}", change, _CHANGE, rule=_RULE),
        Route("DELETE", f"{macs}/{{mac}}", release, _RELEASE, rule=_RULE),
    ]


def _reservation(body: Any) -> Reservation:
    given = {name: checked(name, convert, body.get(name)) for name, convert in _RESERVATION.items()}
    address = given.pop("mac_address")
    said = {name: value for name, value in given.items() if value is not None}
    return Reservation(**said, address=None if address is None else mac_number(address))


def _range(body: Any) -> MacRange:
    first, last = map(mac_number, required(body, _RANGE).values())
    if not first <= last < MAC_BROADCAST or last - first >= _LARGEST_RANGE or (first ^ last) >> 40:
        raise bad_request(
            f"Invalid input for to. Reason: {mac_text(last)} must not come before {mac_text(first)}, "
            f"nor more than {_LARGEST_RANGE} addresses after it."
        )
    state, range_id = (checked(name, convert, body.get(name)) for name, convert in _RANGE_OTHERS.items())
    return MacRange(first, last, state or ACTIVE, range_id or "")
