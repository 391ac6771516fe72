"""JSON schemas of bodies that are no resources: put together of what the functions take that check them."""

from collections.abc import Mapping

from alcor.model.values import Convert, Schema, schema_of

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
STRING_OR_NULL: Schema = {"type": ["string", "null"]}
OBJECT: Schema = {"type": "object"}


def holding(members: Mapping[str, Schema], *others: str) -> Schema:
    """An object with these members; the ``others`` are not always there."""
    return {
        "type": "object",
        "properties": dict(members),
        "required": [name for name in members if name not in others],
    }


def taking(required: Mapping[str, Convert], others: Mapping[str, Convert] | None = None) -> Schema:
    """An object with what these functions take."""
    others = others or {}
    return holding({name: schema_of(convert) for name, convert in {**required, **others}.items()}, *others)


def some(item: Schema) -> Schema:
    """A list of one at least."""
    return {"type": "array", "minItems": 1, "items": item}


def all_of(item: Schema) -> Schema:
    """A list, which may be empty."""
    return {"type": "array", "items": item}
