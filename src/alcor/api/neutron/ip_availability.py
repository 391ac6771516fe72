"""``/network-ip-availabilities`` of both APIs: looked at, never changed."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron import pages, query
from alcor.api.neutron.descriptions import Descriptions
from alcor.api.operation import Parameter
from alcor.api.routes import Route
from alcor.model.errors import bad_request, not_found
from alcor.model.resources.ip_availability import NETWORK_IP_AVAILABILITY
from alcor.model.resources.subnet import ip_version
from alcor.model.values import schema_of
from alcor.services.networks.ip_availability import availabilities
from alcor.services.networks.vpc import ACCESS as NETWORK_ACCESS
from alcor.services.rows import View
from alcor.store.listing.marker import MarkerNotFound
from alcor.store.listing.page import list_rows
from alcor.store.store import Store
from alcor.store.tables import network

_RULE = "get_network_ip_availability"
_SAYS = Descriptions(NETWORK_IP_AVAILABILITY, NETWORK_IP_AVAILABILITY.name, NETWORK_IP_AVAILABILITY.collection)
PATH = "/v2.0/network-ip-availabilities"
"""Where Neutron's API has them."""


def ip_availability_routes(store: Store, page_limit: int, path: str = PATH) -> list[Route]:
    """The routes: a list of networks by the page, and one network."""

    async def several(request: Request) -> Response:
        parameters = request.query()
        versions = [_version(value) for name, value in parameters if name == "ip_version"]
        others = [(name, value) for name, value in parameters if name != "ip_version"]
        listed = query.parse(NETWORK_IP_AVAILABILITY, others, page_limit)
        wanted = msgspec.structs.replace(
            listed.query,
            condition=NETWORK_ACCESS.condition(request.context),
            parameters=NETWORK_ACCESS.parameters(request.context),
        )
        if not request.context.may(_RULE, {}):
            return json_response(200, {"network_ip_availabilities": []})

        def read(connection: Connection) -> tuple[Sequence[Any], bool, list[View]]:
            rows, more = pages.cut(listed, list_rows(connection, network, wanted))
            return rows, more, availabilities(connection, rows, versions)

        try:
            rows, more, views = await store.read(read)
        except MarkerNotFound as error:
            raise not_found("network", str(error)) from error
        body: dict[str, Any] = {"network_ip_availabilities": [query.chosen(view, listed.fields) for view in views]}
        if links := pages.links(request, listed, rows, attrgetter("id"), more):
            body["network_ip_availabilities_links"] = links
        return json_response(200, body)

    async def one(request: Request) -> Response:
        network_id = request.parameters["id"]

        def read(connection: Connection) -> list[View]:
            networks = NETWORK_ACCESS.rows(connection, [network_id], request.context)
            return availabilities(connection, list(networks.values()))

        found = await store.read(read) if request.context.may(_RULE, {}) else []
        if not found:
            raise not_found("network", network_id)
        return json_response(200, {"network_ip_availability": query.chosen(found[0], query.fields(request.query()))})

    filters = (
        *_SAYS.list().query,
        Parameter("ip_version", schema_of(ip_version), "Only subnets of it.", repeated=True),
    )
    listed = msgspec.structs.replace(_SAYS.list(), query=filters)
    return [Route("GET", path, several, listed), Route("GET", f"{path}/{{id}}", one, _SAYS.show())]


def _version(value: str) -> int:
    try:
        return ip_version(value)
    except ValueError as error:
        raise bad_request(f"Invalid input for ip_version. Reason: {error}.") from error
