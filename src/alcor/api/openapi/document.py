"""The OpenAPI 3.1 document of routes."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from alcor.api.operation import Operation, Parameter
from alcor.api.routes import Route
from alcor.model.values import Schema

Document = dict[str, Any]

_NAMED = re.compile(r"{([^}]+)}")
_NO_GROUPS = ("", "v2.0", "v4", "project", "{project_id}")
_ERROR = {"$ref": "#/components/responses/Error"}
_ERROR_SCHEMA = {
    "type": "object",
    "properties": {
        "NeutronError": {
            "type": "object",
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}, "detail": {"type": "string"}},
            "required": ["type", "message", "detail"],
        }
    },
    "required": ["NeutronError"],
}


def openapi_document(routes: Iterable[Route]) -> Document:
    """The document. Of a route that does not say what it does, only the path and the method are in it."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _described(route, route.operation or _bare(route))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Alcor",
            "version": version("alcor"),
            "description": "OpenStack's Neutron API below /v2.0, and Alcor's own beside it.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "responses": {
                "Error": {
                    "description": "What was wrong, and what to do about it.",
                    "content": {"application/json": {"schema": _ERROR_SCHEMA}},
                }
            },
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
    }


def _bare(route: Route) -> Operation:
    group = next((segment for segment in route.template.split("/") if segment not in _NO_GROUPS), "versions")
    body: Schema | None = {} if route.method in ("POST", "PUT") else None
    return Operation(f"{route.method} {route.template}", group.replace("-", " "), None, body, status=0)


def _described(route: Route, operation: Operation) -> dict[str, Any]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _NAMED.findall(route.template)
    ]
    described: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.group],
        "operationId": f"{route.method} {route.template}",
        "parameters": path + [_parameter(each) for each in operation.query],
        "responses": {str(operation.status or "2XX"): _answer(operation), "4XX": _ERROR, "5XX": _ERROR},
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema
    if parameter.repeated:
        schema = {"type": "array", "items": schema}
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}


def _answer(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        answer["content"] = {"application/json": {"schema": operation.answer}}
    return answer
