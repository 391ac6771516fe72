"""The operations on a collection, described for the OpenAPI document: derived from the resource's definition."""

import msgspec

from alcor.api.openapi.schemas import create_schema, list_parameters, update_schema, view_schema
from alcor.api.operation import Operation, Parameter
from alcor.model.resource import Resource
from alcor.model.values import Schema

_FIELDS = Parameter("fields", {"type": "string"}, "Attributes to show; all when not given.", repeated=True)


class Descriptions(msgspec.Struct, frozen=True):
    """What is said about each operation; ``one``, ``several`` and ``listed`` as in the collection's shape."""

    resource: Resource
    one: str
    several: str
    listed: str = ""

    def list(self) -> Operation:
        """The list."""
        listed = {"type": "array", "items": view_schema(self.resource)}
        answer: Schema = {"type": "object", "properties": {self.listed or self.several: listed}}
        return Operation(
            f"A page of {self._words(several=True)}",
            self._words(several=True),
            answer,
            query=list_parameters(self.resource),
        )

    def show(self) -> Operation:
        """One of them."""
        return self._operation(f"One {self._words()}", query=(_FIELDS,))

    def create(self) -> Operation:
        """Creating one, or several."""
        one = _only(self.one, create_schema(self.resource))
        several = _only(self.several, {"type": "array", "minItems": 1, "items": {"type": "object"}})
        summary = f"Create a {self._words()}, or several in one request"
        answer: Schema = {"type": "object"}
        return Operation(summary, self._words(several=True), answer, {"anyOf": [one, several]}, status=201)

    def update(self) -> Operation:
        """Changing one."""
        return self._operation(f"Change a {self._words()}", _only(self.one, update_schema(self.resource)))

    def delete(self, answer: Schema | None) -> Operation:
        """Deleting one."""
        status = 204 if answer is None else 200
        return Operation(f"Delete a {self._words()}", self._words(several=True), answer, status=status)

    def action(self, name: str, status: int) -> Operation:
        """Another action."""
        words = name.replace("_", " ")
        return Operation(f"{words.capitalize()} of a {self._words()}", self._words(several=True), {}, {}, status)

    def _operation(self, summary: str, body: Schema | None = None, query: tuple[Parameter, ...] = ()) -> Operation:
        answer: Schema = {
            "type": "object",
            "properties": {self.one: view_schema(self.resource)},
            "required": [self.one],
        }
        return Operation(summary, self._words(several=True), answer, body, query=query)

    def _words(self, *, several: bool = False) -> str:
        name = self.resource.collection if several else self.resource.name
        return name.replace("_", " ").replace("-", " ")


def _only(member: str, schema: Schema) -> Schema:
    return {"type": "object", "properties": {member: schema}, "required": [member]}
