"""``/network-configuration``: what the Java Alcor's managers send its Data Plane Manager, for operators."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, required
from alcor.model.errors import AlcorError, bad_request
from alcor.model.resources.network import LARGEST_VNI
from alcor.model.schema import INTEGER, OBJECT, STRING, all_of, holding
from alcor.model.values import Convert, Schema, integer, ip_address, one_of, optional, schema_of, uuid
from alcor.services.network_configuration import MANAGERS, Item, put, remove, tell_again
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_RULE = "context_is_admin"
_CREATE, _UPDATE, _DELETE, _NEIGHBOR = "CREATE", "UPDATE", "DELETE", "NEIGHBOR"
_OPERATIONS = {"POST": (_CREATE,), "PUT": (_CREATE, _UPDATE, _DELETE), "DELETE": (_DELETE,)}
_MEMBERS = {"VPC": "vpcs_internal", "SUBNET": "subnets_internal", "PORT": "ports_internal"}
_TYPES = one_of(*MANAGERS, _NEIGHBOR)
_OF_THE_DPM_ALONE = ("binding_host_ip", "tunnel_id", "is_zeta_gateway_port", "internalNeighborInfo1",
                     "subnetEntities", "vpcEntities")  # fmt: skip
_NEEDED: dict[str, Convert] = {"id": uuid, "project_id": lambda value: value}
_MOST = 10_000
_GROUP = "network configuration"
_STATUS = {"POST": 201}
_ITEMS: Schema = {"type": ["array", "null"], "maxItems": _MOST, "items": OBJECT}
_RESULT = holding({"resource_type": STRING, "operation_status": STRING, "failed_hosts": all_of(STRING)})
_RESULTS = holding({"resultList": all_of(_RESULT), "overrallTime": INTEGER, "resultMessage": STRING})
_DONE = "Successfully Handle request !!"  # as the Java Data Plane Manager words it


def network_configuration_routes(store: Store, prefix: str) -> list[Route]:
    """The routes under a prefix."""

    async def apply(request: Request) -> Response:
        started = time.monotonic()
        body = request.json()
        operation, kind = _operation(request.method, body), _kind(body)
        for member in _MEMBERS.values():
            _items(body, member)
        write: Callable[[Transaction], list[str]]
        if kind == _NEIGHBOR:
            write = partial(tell_again, port_ids=_neighbours(body))
        elif operation == _DELETE:
            ids = [required(item, {"id": uuid})["id"] for item in _items(body, _MEMBERS[kind])]
            write = partial(remove, kind=kind, ids=ids, context=request.context)
        else:
            resources = {each: _resources(body, each) for each in MANAGERS}
            write = partial(put, resources=resources, context=request.context)
        away = await store.write(write)
        elapsed = round((time.monotonic() - started) * 1000)
        return json_response(_STATUS.get(request.method, 200), _answer(kind, away, elapsed))

    return [
        Route(method, f"{prefix}/network-configuration", apply, _says(method), rule=_RULE) for method in _OPERATIONS
    ]


def _says(method: str) -> Operation:
    operations = _OPERATIONS[method]
    said: list[str | None] = [*operations] if len(operations) > 1 else [*operations, None]
    body = holding(
        {"opType": {"enum": said}, "rsType": schema_of(_TYPES)} | dict.fromkeys(_MEMBERS.values(), _ITEMS),
        *_MEMBERS.values(),
        *(("opType",) if None in said else ()),
    )
    done = " or ".join(each.lower() for each in operations)
    return Operation(f"{done.capitalize()} VPCs, subnets and ports", _GROUP, _RESULTS, body, _STATUS.get(method, 200))


def _operation(method: str, body: Any) -> str:
    if not isinstance(body, dict):
        raise bad_request("The body must be an object.")
    possible = _OPERATIONS[method]
    said = body.get("opType") if body.get("opType") is not None or len(possible) > 1 else possible[0]
    operation: str = checked("opType", one_of(*possible), said)
    return operation


def _kind(body: dict[str, Any]) -> str:
    kind: str = checked("rsType", _TYPES, body.get("rsType"))
    return kind


def _items(body: dict[str, Any], member: str) -> list[dict[str, Any]]:
    found = body.get(member)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise bad_request(f"Invalid input for {member}. Reason: it is not a list of objects.")
    if len(found) > _MOST:
        raise bad_request(f"Invalid input for {member}. Reason: {len(found)} are more than {_MOST} at once.")
    return found


def _resources(body: dict[str, Any], kind: str) -> list[Item]:
    member = _MEMBERS[kind]
    items = []
    seen: set[str] = set()
    for index, given in enumerate(_items(body, member)):
        try:
            item = _item(kind, given)
        except AlcorError as error:
            raise AlcorError(error.status, error.kind, f"{member}[{index}]: {error.message}") from error
        if item.id in seen:
            raise bad_request(f"Invalid input for {member}. Reason: {item.id} is there twice.")
        seen.add(item.id)
        items.append(item)
    return items


def _item(kind: str, given: dict[str, Any]) -> Item:
    required(given, _NEEDED)
    without = {*_OF_THE_DPM_ALONE, *(("routes",) if kind == "PORT" else ())}
    own = {name: value for name, value in given.items() if name not in without}
    resource = MANAGERS[kind].resource
    new, changes = resource.check_create(own), resource.check_update(own)
    fixed = {name: changes.pop(name) for name in resource.fixed if name in changes}
    host_ip = checked("binding_host_ip", optional(ip_address), given.get("binding_host_ip"))
    vni = checked("tunnel_id", optional(integer(1, LARGEST_VNI)), given.get("tunnel_id"))
    return Item(new["id"], new, changes, fixed, host_ip or "", vni)


def _neighbours(body: dict[str, Any]) -> list[str]:
    """The ports that a configuration of neighbours names: a list of them, or by their ids."""
    info = body.get("neighbor_info")
    if isinstance(info, dict):
        body = {"neighbor_info": list(info.values())}
    named = [required(item, {"port_id": uuid})["port_id"] for item in _items(body, "neighbor_info")]
    return sorted(set(named))


def _answer(kind: str, away: Sequence[str], elapsed: int) -> dict[str, Any]:
    """What the Java Data Plane Manager answers: milliseconds, and the hosts that have not been told."""
    result = {
        "resource_id": None,
        "resource_type": kind,
        "operation_status": _DONE,
        "elapse_time": elapsed,
        "failed_hosts": list(away),
        "failed_zeta_ports": [],
    }
    return {"resultList": [result], "overrallTime": elapsed, "resultMessage": _DONE}
