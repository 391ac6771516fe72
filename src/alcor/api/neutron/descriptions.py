"""The operations on a collection, described for the OpenAPI document: derived from the resource's definition."""

import msgspec

from alcor.api.openapi.schemas import create_schema, list_parameters, update_schema, view_schema
from alcor.api.operation import Operation, Parameter
from alcor.model.resource import Resource
from alcor.model.schema import OBJECT, all_of, holding, some
from alcor.model.values import Schema
from alcor.services.manager import Action

_FIELDS = Parameter("fields", {"type": "string"}, "Attributes to show; all when not given.", repeated=True)


class Descriptions(msgspec.Struct, frozen=True):
    """What is said about each operation; ``one``, ``several`` and ``listed`` as in the collection's shape."""

    resource: Resource
    one: str
    several: str
    listed: str = ""

    def list(self) -> Operation:
        """The list."""
        listed = all_of(view_schema(self.resource))
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
        one = holding({self.one: create_schema(self.resource)})
        summary = f"Create a {self._words()}, or several in one request"
        shown = view_schema(self.resource)
        answer: Schema = {"anyOf": [holding({self.one: shown}), holding({self.several: all_of(shown)})]}
        return Operation(summary, self._words(several=True), answer, {"anyOf": [one, self._several()]}, status=201)

    def create_several(self) -> Operation:
        """Creating several."""
        return self._together("Create", status=201)

    def update_several(self) -> Operation:
        """Changing several, each named by its id."""
        return self._together("Change", status=200)

    def update(self) -> Operation:
        """Changing one."""
        return self._operation(f"Change a {self._words()}", holding({self.one: update_schema(self.resource)}))

    def delete(self, answer: Schema | None) -> Operation:
        """Deleting one."""
        status = 204 if answer is None else 200
        return Operation(f"Delete a {self._words()}", self._words(several=True), answer, status=status)

    def action(self, each: Action) -> Operation:
        """Another action."""
        summary = f"{each.name.replace('_', ' ').capitalize()} of a {self._words()}"
        answer = each.answer(view_schema(self.resource))
        return Operation(summary, self._words(several=True), answer, each.body, each.status)

    def activate(self) -> Operation:
        """Having it be the one that counts."""
        return Operation(f"Activate a {self._words()}", self._words(several=True), view_schema(self.resource))

    def _several(self) -> Schema:
        return holding({self.several: some(OBJECT)})

    def _together(self, what: str, status: int) -> Operation:
        words = self._words(several=True)
        answer = holding({self.several: all_of(view_schema(self.resource))})
        return Operation(f"{what} several {words}: all or none", words, answer, self._several(), status)

    def _operation(self, summary: str, body: Schema | None = None, query: tuple[Parameter, ...] = ()) -> Operation:
        answer = holding({self.one: view_schema(self.resource)})
        return Operation(summary, self._words(several=True), answer, body, query=query)

    def _words(self, *, several: bool = False) -> str:
        name = self.resource.collection if several else self.resource.name
        return name.replace("_", " ").replace("-", " ")
