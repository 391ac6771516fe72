"""A resource's definition as JSON schemas: what requests may say of it, and what answers do."""

from collections.abc import Sequence

from alcor.api.operation import Parameter
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.schema import STRING
from alcor.model.values import Schema, schema_of

_PAGING = (
    Parameter("limit", {"type": "integer", "minimum": 0}, "How many at most; a link leads to the next page."),
    Parameter("marker", STRING, "The id of the last item of the page before."),
    Parameter("page_reverse", STRING, "true to page backwards."),
    Parameter("fields", STRING, "Attributes to show; all when not given.", repeated=True),
)
_TAGS = ("tags", "tags-any", "not-tags", "not-tags-any")


def create_schema(resource: Resource) -> Schema:
    """The object of a create request."""
    required = [name for name, each in resource.attributes.items() if each.default is Unset.REQUIRED]
    return _object(resource, [each for each in resource.attributes.values() if each.create], required)


def update_schema(resource: Resource) -> Schema:
    """The object of an update request."""
    return _object(resource, [each for each in resource.attributes.values() if each.update], [])


def _object(resource: Resource, attributes: Sequence[Attribute], required: list[str]) -> Schema:
    given = {each.name: schema_of(each.convert) for each in attributes if each.convert is not None}
    if resource.lenient:  # null is the same as nothing said, and other members are passed over or refused by name
        given = {name: {"anyOf": [schema, {"type": "null"}]} if schema else {} for name, schema in given.items()}
        return {"type": "object", "properties": given, "required": required}
    return {"type": "object", "properties": given, "required": required, "additionalProperties": False}


def view_schema(resource: Resource) -> Schema:
    """The object of an answer."""
    shown = {name: _shown(each) for name, each in resource.attributes.items() if not each.hidden}
    return {"type": "object", "properties": shown}


def _shown(attribute: Attribute) -> Schema:
    schema = schema_of(attribute.convert) if attribute.convert else {}
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}


def list_parameters(resource: Resource) -> tuple[Parameter, ...]:
    """What a list request may say: filters by attributes, sorting, paging."""
    filters = tuple(
        Parameter(name, _filter_schema(each), "Only those with one of these values.", repeated=True)
        for name, each in resource.attributes.items()
        if each.parse_filter is not None or each.kept is Kept.CONSTANT
    )
    sortable = [name for name, each in resource.attributes.items() if each.sortable]
    sorting = (
        Parameter("sort_key", {"enum": sortable}, "Attributes to sort by; as many as directions.", repeated=True),
        Parameter("sort_dir", {"enum": ["asc", "desc"]}, "The direction of each.", repeated=True),
    )
    tags = tuple(Parameter(name, STRING, "Tags with commas between them.") for name in _TAGS)
    return filters + _PAGING + sorting + (tags if "tags" in resource.attributes else ())


def _filter_schema(attribute: Attribute) -> Schema:
    schema = schema_of(attribute.parse_filter) if attribute.parse_filter else {}
    return schema or STRING
