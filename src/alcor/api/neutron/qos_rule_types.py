"""``/v2.0/qos/rule-types``: which types of QoS rules there are, and what values they take; all are supported."""

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron import query
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.errors import AlcorError
from alcor.model.resources.qos import DSCP_MARKS, LARGEST_RATE, RULE_TYPES, RuleType
from alcor.services.rows import View

_PATH = "/v2.0/qos/rule-types"
_DRIVER = "alcor"
_GROUP = "QoS rule types"
RULES = {"get_rule_type": "role:reader"}
"""Who may look at them."""


def rule_type_routes() -> list[Route]:
    """The routes: the list for every reader, and details for administrators."""

    async def several(request: Request) -> Response:
        fields = query.fields(request.query())
        return json_response(200, {"rule_types": [query.chosen({"type": kind.name}, fields) for kind in RULE_TYPES]})

    async def one(request: Request) -> Response:
        if not request.context.is_admin:
            raise AlcorError(403, "NotAuthorized", "Not authorized.")
        name = request.parameters["type"]
        kind = next((each for each in RULE_TYPES if each.name == name), None)
        if kind is None:
            raise AlcorError(404, "RuleTypeNotFound", f"QoS rule type {name} could not be found.")
        return json_response(200, {"rule_type": query.chosen(_details(kind), query.fields(request.query()))})

    answer = {"type": "object"}
    return [
        Route(
            "GET", _PATH, several, rule="get_rule_type", operation=Operation("The types of QoS rules", _GROUP, answer)
        ),
        Route(
            "GET",
            f"{_PATH}/{{type}}",
            one,
            rule="get_rule_type",
            operation=Operation("One type of QoS rules", _GROUP, answer),
        ),
    ]


def _details(kind: RuleType) -> View:
    parameters = [_parameter(name, column) for name, column in kind.numbers.items()]
    if kind.directions:
        parameters.append(_choices("direction", kind.directions))
    return {"type": kind.name, "drivers": [{"name": _DRIVER, "supported_parameters": parameters}]}


def _parameter(name: str, column: str) -> View:
    if column == "dscp_mark":
        return _choices(name, DSCP_MARKS)
    values = {"start": 0, "end": LARGEST_RATE}
    return {"parameter_name": name, "parameter_type": "range", "parameter_values": values}


def _choices(name: str, values: tuple[object, ...]) -> View:
    return {"parameter_name": name, "parameter_type": "choices", "parameter_values": list(values)}
