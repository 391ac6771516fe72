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
    """The document."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _described(route)
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


def _described(route: Route) -> dict[str, Any]:
    operation = route.operation
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _NAMED.findall(route.template)
    ]
    described: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.group],
        "operationId": f"{route.method} {route.template}",
        "parameters": path + [_parameter(each) for each in operation.query],
        "responses": _answers(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {operation.body_type: {"schema": operation.body}}}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema
    if parameter.repeated:
        schema = {"type": "array", "items": schema}
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}


def _answers(operation: Operation) -> dict[str, Any]:
    schemas = {operation.status: operation.answer, **operation.also}
    answers = {str(status): _answer(operation, schema) for status, schema in schemas.items()}
    return answers | {"4XX": _ERROR, "5XX": _ERROR}


def _answer(operation: Operation, schema: Schema | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.summary}
    if schema is not None:
        answer["content"] = {operation.answer_type: {"schema": schema}}
    return answer
