"""``/v2.0/availability_zones``: looked at, never changed."""

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron import query
from alcor.api.operation import Operation, Parameter
from alcor.api.routes import Route
from alcor.model.errors import bad_request
from alcor.model.values import shown_names
from alcor.services.hosts.availability_zones import zones
from alcor.store.store import Store

_FILTERS = ("name", "resource", "state")
RULES = {"get_availability_zone": "role:reader"}
"""Who may look at them."""


def availability_zone_routes(store: Store) -> list[Route]:
    """The route of the list."""

    async def several(request: Request) -> Response:
        parameters = request.query()
        wanted: dict[str, set[str]] = {}
        for name, value in parameters:
            if name in _FILTERS:
                wanted.setdefault(name, set()).add(value)
            elif name not in query.PAGING:
                raise bad_request(f"{shown_names([name])} is invalid attribute for filtering")
        found = [
            zone for zone in await store.read(zones) if all(zone[name] in values for name, values in wanted.items())
        ]
        fields = query.fields(parameters)
        return json_response(200, {"availability_zones": [query.chosen(zone, fields) for zone in found]})

    filters = tuple(
        Parameter(name, {"type": "string"}, "Only those with one of these values.", repeated=True) for name in _FILTERS
    )
    listed = Operation("The availability zones", "availability zones", {"type": "object"}, query=filters)
    return [Route("GET", "/v2.0/availability_zones", several, rule="get_availability_zone", operation=listed)]
