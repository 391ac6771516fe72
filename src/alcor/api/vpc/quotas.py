"""Amounts of a quota that are set aside for what is created elsewhere (Alcor's Quota Manager)."""

from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, items, unless_empty
from alcor.model.errors import bad_request
from alcor.model.identifiers import new_id
from alcor.model.schema import STRING, STRING_OR_NULL, holding, some, taking
from alcor.model.values import Convert, integer, one_of, schema_of, text
from alcor.services import quota
from alcor.services.quota import LIMITED
from alcor.store.store import Store

_ADMIN = "context_is_admin"
_OPTIONAL = ("apply_id", "project_id")
_DELTA: dict[str, Convert] = {"resource": one_of(*LIMITED), "amount": integer(1, 2**31 - 1)}
_apply_id = unless_empty(text(36))

_DELTAS = {"resource_deltas": some(taking(_DELTA))}
_SET_ASIDE = holding({"apply_id": STRING, "tenant_id": STRING, "project_id": STRING} | _DELTAS)
_APPLY = Operation(
    "Set amounts of the project's quota aside",
    "quotas",
    _SET_ASIDE,
    holding({"apply_id": schema_of(_apply_id), "project_id": STRING_OR_NULL} | _DELTAS, *_OPTIONAL),
)
_CANCEL = Operation("No longer set them aside", "quotas", holding({"id": STRING}))


def quota_apply_routes(store: Store, prefix: str, project: str) -> list[Route]:
    """The routes of amounts that are set aside."""

    async def apply(request: Request) -> Response:
        body, project_id = request.json(), request.parameters["project_id"]
        amounts = _amounts(body)
        if body.get("project_id") not in (None, project_id):
            raise bad_request("Invalid input for project_id. Reason: it is not the project of the path.")
        apply_id = checked("apply_id", _apply_id, body.get("apply_id")) or new_id()
        await store.write(quota.apply(project_id, apply_id, amounts))
        deltas = [{"resource": resource, "amount": amount} for resource, amount in amounts.items()]
        answer = {"apply_id": apply_id, "tenant_id": project_id, "project_id": project_id, "resource_deltas": deltas}
        return json_response(200, answer)

    async def cancel(request: Request) -> Response:
        apply_id = request.parameters["apply_id"]
        await store.write(quota.cancel(apply_id))
        return json_response(200, {"id": apply_id})

    return [
        Route("POST", f"{project}/quota/apply", apply, _APPLY, rule=_ADMIN),
        Route("DELETE", f"{prefix}/quota/apply/{{apply_id}}", cancel, _CANCEL, rule=_ADMIN),
    ]


def _amounts(body: Any) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for delta in items(body, "resource_deltas"):
        for name in _DELTA:
            if delta.get(name) is None:
                raise bad_request(f"Failed to parse request. Required attribute '{name}' not specified")
        resource, amount = (checked(name, convert, delta[name]) for name, convert in _DELTA.items())
        amounts[resource] = amounts.get(resource, 0) + amount
    return amounts
