"""What a route does, as its description in the OpenAPI document has it."""

from collections.abc import Mapping

import msgspec

from alcor.model.values import Schema

JSON = "application/json"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the query string."""

    name: str
    schema: Schema
    description: str = ""
    repeated: bool = False  # may be given several times


class Operation(msgspec.Struct, frozen=True):
    """The request and the answer of one route. ``body`` and ``answer`` are None where there is nothing.

    ``also`` are answers of other statuses that are no errors as all others are.
    """

    summary: str
    group: str
    answer: Schema | None = None
    body: Schema | None = None
    status: int = 200
    query: tuple[Parameter, ...] = ()
    body_type: str = JSON
    answer_type: str = JSON
    also: Mapping[int, Schema] = {}
