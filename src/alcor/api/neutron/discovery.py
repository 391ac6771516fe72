"""What clients ask first: which versions there are, which resources, which extensions."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.extensions import EXTENSIONS
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.errors import AlcorError
from alcor.model.extension import Extension
from alcor.model.resource import Resource
from alcor.model.schema import OBJECT, STRING, all_of, holding
from alcor.model.values import Schema

_VERSION = "v2.0"
_EXTENSION = holding(dict.fromkeys(("alias", "name", "description"), STRING))


def discovery_routes(resources: Mapping[str, Resource], parts: Sequence[Resource] = ()) -> list[Route]:
    """The routes of discovery: resources by the path of their collection; ``parts`` are others, not listed."""
    known = {each.alias: each for each in EXTENSIONS}
    known |= {each.alias: each for resource in (*resources.values(), *parts) for each in resource.extensions}

    async def versions(request: Request) -> Response:
        link = {"rel": "self", "href": f"{request.base_url()}/{_VERSION}/"}
        return json_response(200, {"versions": [{"id": _VERSION, "status": "CURRENT", "links": [link]}]})

    async def version(request: Request) -> Response:
        return json_response(200, {"resources": [_described(request, *each) for each in resources.items()]})

    async def extensions(_request: Request) -> Response:
        return json_response(200, {"extensions": [_as_json(known[alias]) for alias in sorted(known)]})

    async def extension(request: Request) -> Response:
        alias = request.parameters["alias"]
        if alias in known:
            return json_response(200, {"extension": _as_json(known[alias])})
        raise AlcorError(404, "HTTPNotFound", f"Extension with alias {alias} does not exist")

    def says(summary: str, members: Mapping[str, Schema]) -> Operation:
        return Operation(summary, "about the API", holding(members))

    return [
        Route("GET", "/", versions, says("The versions of the API", {"versions": all_of(OBJECT)}), public=True),
        Route("GET", f"/{_VERSION}", version, says("The resources of the API", {"resources": all_of(OBJECT)})),
        Route(
            "GET",
            f"/{_VERSION}/extensions",
            extensions,
            says("What the API has of Neutron's extensions", {"extensions": all_of(_EXTENSION)}),
        ),
        Route("GET", f"/{_VERSION}/extensions/{{alias}}", extension, says("One extension", {"extension": _EXTENSION})),
    ]


def _described(request: Request, path: str, resource: Resource) -> dict[str, Any]:
    link = {"rel": "self", "href": f"{request.base_url()}{path}"}
    return {"name": resource.name, "collection": resource.collection, "links": [link]}


def _as_json(extension: Extension) -> dict[str, Any]:
    return msgspec.structs.asdict(extension)
