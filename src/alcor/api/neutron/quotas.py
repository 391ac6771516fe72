"""``/v2.0/quotas``: how many resources projects may have, and how many they have."""

from typing import Any

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.project import named_project
from alcor.api.routes import Route
from alcor.model.context import NO_PROJECT
from alcor.model.errors import bad_request
from alcor.model.rules import ADMIN, ADMIN_OR_PROJECT_MANAGER
from alcor.model.schema import INTEGER, all_of, holding, taking
from alcor.model.values import Schema, boolean, integer, shown
from alcor.services import quota
from alcor.services.quota import RESOURCES, UNLIMITED, Limits
from alcor.store.store import Store

_LARGEST = 2**31 - 1
_limit = integer(UNLIMITED, _LARGEST)
_how = {"check_limit": boolean, "force": boolean}

_LIMITS = holding(dict.fromkeys(RESOURCES, INTEGER))
_USAGE = holding(dict.fromkeys(RESOURCES, holding({"limit": INTEGER, "used": INTEGER, "reserved": INTEGER})))
_WANTED = holding({"quota": taking({}, dict.fromkeys(RESOURCES, _limit) | _how) | {"additionalProperties": False}})

QUOTA_RULES = {"get_quota": ADMIN_OR_PROJECT_MANAGER, "update_quota": ADMIN, "delete_quota": ADMIN}
"""Everybody sees the quotas of the own project; these are about those of others, and about setting them."""


def quota_routes(store: Store, path: str = "/v2.0/quotas") -> list[Route]:
    """The routes at a path."""

    async def several(request: Request) -> Response:
        _require(request, "get_quota", request.context.project_id)
        found = await store.read(quota.all_limits)
        quotas = [
            _named(project_id, quota.defaults(store.choices) | limits)
            for project_id, limits in found.items()
            if request.context.may("get_quota", {"project_id": project_id})
        ]
        return json_response(200, {"quotas": quotas})

    async def one(request: Request) -> Response:
        project_id = _project(request)
        if project_id in ("tenant", "project"):
            return json_response(200, {project_id: {f"{project_id}_id": _own_project(request)}})
        _require_get(request)
        limits = await store.read(lambda connection: quota.limits_of(connection, project_id, store.choices))
        return json_response(200, {"quota": limits})

    async def default(request: Request) -> Response:
        _require_get(request)
        return json_response(200, {"quota": quota.defaults(store.choices)})

    async def details(request: Request) -> Response:
        _require_get(request)
        project_id = _project(request)
        usage = await store.read(lambda connection: quota.usage_of(connection, project_id, store.choices))
        return json_response(200, {"quota": usage})

    async def update(request: Request) -> Response:
        _require(request, "update_quota", _project(request))
        limits, check = _wanted(request.json())
        return json_response(200, {"quota": await store.write(quota.set_limits(_project(request), limits, check))})

    async def reset(request: Request) -> Response:
        _require(request, "delete_quota", _project(request))
        await store.write(quota.reset_limits(_project(request)))
        return NO_CONTENT

    def says(summary: str, answer: Schema | None, body: Schema | None = None, status: int = 200) -> Operation:
        return Operation(summary, "quotas", answer, body, status)

    item = f"{path}/{{id}}"
    return [
        Route("GET", path, several, says("The quotas that were set", holding({"quotas": all_of(_LIMITS)}))),
        Route("GET", item, one, says("A project's quota", holding({"quota": _LIMITS}, "quota"))),
        Route("PUT", item, update, says("Set a project's quota", holding({"quota": _LIMITS}), body=_WANTED)),
        Route("DELETE", item, reset, says("Have the usual quota again", None, status=204)),
        Route("GET", f"{item}/default", default, says("The usual quota", holding({"quota": _LIMITS}))),
        Route("GET", f"{item}/details", details, says("A quota and its use", holding({"quota": _USAGE}))),
    ]


def _project(request: Request) -> str:
    return named_project(request.parameters["id"])


def _require_get(request: Request) -> None:
    if _project(request) != request.context.project_id:
        _require(request, "get_quota", _project(request))


def _require(request: Request, rule: str, project_id: str) -> None:
    request.context.require([rule], {"project_id": project_id})


def _named(project_id: str, limits: Limits) -> dict[str, Any]:
    return {"project_id": project_id, "tenant_id": project_id, **limits}


def _own_project(request: Request) -> str:
    if request.context.project_id == NO_PROJECT:
        raise bad_request("Tenant ID not found in request context: your token is of no project.", "QuotaMissingTenant")
    return request.context.project_id


def _wanted(body: Any) -> tuple[Limits, bool]:
    """The limits of a request, and whether they must not be below what there is. Raises AlcorError (400).

    ``check_limit`` has no effect: they must not, unless the request says ``force``.
    """
    given = body.get("quota") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        raise bad_request("Unable to find 'quota' in request body")
    unknown = [name for name in given if name not in RESOURCES and name not in _how]
    if unknown:
        raise bad_request(f"Unrecognized attribute(s) {shown(', '.join(unknown))}")
    limits: Limits = {}
    for name, value in given.items():
        try:
            if name in RESOURCES:
                limits[name] = _limit(value)
            else:
                boolean(value)
        except ValueError as error:
            raise bad_request(f"Invalid input for {name}. Reason: {error}.") from error
    return limits, not boolean(given.get("force", False))
