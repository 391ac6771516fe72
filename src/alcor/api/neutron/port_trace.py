"""``…/ports/{id}/trace`` of both APIs: what becomes of a packet that the workload behind a port sends, and why."""

from alcor.api.http import Request, Response, json_response
from alcor.api.openapi.schemas import create_schema
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.model.schema import STRING, STRING_OR_NULL, all_of, holding
from alcor.model.values import Schema
from alcor.store.store import Store
from alcor.trace.steps import Verdict
from alcor.trace.tracing import Asked, traced

_VERDICT: Schema = {"enum": [each.value for each in Verdict]}
_THING = holding({"type": STRING, "id": STRING_OR_NULL, "name": STRING})
_STEP = holding(
    {
        "way": {"enum": ["there", "back"]},
        "step": STRING,
        "verdict": _VERDICT,
        "reason": STRING,
        "resource": {"anyOf": [_THING, {"type": "null"}]},
        "detail": STRING,
        "advice": STRING,
    }
)
_TRACE = holding(
    {
        "port_id": STRING,
        "packet": STRING,
        "from": STRING_OR_NULL,
        "to": STRING,
        "verdict": _VERDICT,
        "steps": all_of(_STEP),
    }
)
_TAKES = create_schema(PORT_TRACE)


def port_trace_routes(store: Store, above: str) -> list[Route]:
    """The route; ``above`` is what comes before ``/ports`` in the path."""

    async def trace(request: Request) -> Response:
        parameters = request.parameters
        asked = Asked(parameters["id"], request.json(), request.context, parameters.get("project_id"))
        found = await store.read(lambda connection: traced(connection, asked))
        return json_response(200, {"trace": found})

    said = Operation(
        "What becomes of a packet that the port's workload sends", "ports", holding({"trace": _TRACE}), _TAKES
    )
    return [Route("POST", f"{above}/ports/{{id}}/trace", trace, said)]
