"""What is beside flavors and logs: which profiles make a flavor, who provides services, and what can be logged."""

from typing import Any

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.neutron import query
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.errors import bad_request
from alcor.model.resources.log import LOGGABLE_TYPES
from alcor.model.rules import ADMIN, ADMIN_OR_PROJECT_MANAGER
from alcor.model.values import uuid
from alcor.services import flavor
from alcor.store.store import Store

RULES = {
    "create_flavor_service_profile": ADMIN,
    "delete_flavor_service_profile": ADMIN,
    "get_loggable_resource": ADMIN_OR_PROJECT_MANAGER,
}
"""Who may ask for them."""

_OF_FLAVOR = "/v2.0/flavors/{id}"
_OBJECT = {"type": "object"}


def service_type_routes(store: Store) -> list[Route]:
    """The routes."""

    async def associate(request: Request) -> Response:
        flavor_id, profile_id = request.parameters["id"], _profile_id(request.json())
        await store.write(lambda transaction: flavor.associate(transaction, flavor_id, profile_id))
        return json_response(201, {"service_profile": {"id": profile_id}})

    async def disassociate(request: Request) -> Response:
        flavor_id, profile_id = request.parameters["id"], request.parameters["profile_id"]
        await store.write(lambda transaction: flavor.disassociate(transaction, flavor_id, profile_id))
        return NO_CONTENT

    async def next_providers(request: Request) -> Response:
        flavor_id = request.parameters["id"]
        provider = await store.read(lambda connection: flavor.next_provider(connection, flavor_id))
        return json_response(200, {"next_providers": [{"driver": provider.driver, "provider": provider.name}]})

    async def providers(request: Request) -> Response:
        fields = query.fields(request.query())
        found = [query.chosen(each, fields) for each in flavor.service_providers()]
        return json_response(200, {"service_providers": found})

    async def loggable(request: Request) -> Response:
        request.context.require(["get_loggable_resource"], {"project_id": request.context.project_id})
        return json_response(200, {"loggable_resources": [{"type": each} for each in LOGGABLE_TYPES]})

    def says(summary: str, group: str = "flavors", **more: Any) -> Operation:
        return Operation(summary, group, more.get("answer", _OBJECT), more.get("body"), more.get("status", 200))

    profiles = f"{_OF_FLAVOR}/service_profiles"
    return [
        Route(
            "POST",
            profiles,
            associate,
            rule="create_flavor_service_profile",
            operation=says("Have a profile make the flavor", body=_OBJECT, status=201),
        ),
        Route(
            "DELETE",
            f"{profiles}/{{profile_id}}",
            disassociate,
            rule="delete_flavor_service_profile",
            operation=says("The profile makes the flavor no longer", answer=None, status=204),
        ),
        Route("GET", f"{_OF_FLAVOR}/next_providers", next_providers, operation=says("Who provides the flavor")),
        Route("GET", "/v2.0/service-providers", providers, operation=says("The providers", "service providers")),
        Route("GET", "/v2.0/log/loggable-resources", loggable, operation=says("What can be logged", "logs")),
    ]


def _profile_id(body: Any) -> str:
    profile = body.get("service_profile") if isinstance(body, dict) else None
    if not isinstance(profile, dict) or "id" not in profile:
        raise bad_request("Unable to find 'service_profile' in request body")
    try:
        return str(uuid(profile["id"]))
    except ValueError as error:
        raise bad_request(f"Invalid input for id. Reason: {error}.") from error
