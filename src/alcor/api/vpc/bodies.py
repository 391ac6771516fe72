"""Reading bodies of requests that are no resources with a definition."""

from typing import Any

from alcor.model.errors import bad_request
from alcor.model.values import Convert, schema_of, takes

_MOST = 10_000  # items of one request


def member(body: Any, name: str) -> dict[str, Any]:
    """The object that a body holds under a name. Raises AlcorError (400)."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise bad_request(f"Unable to find '{name}' in request body")
    return found


def items(body: Any, name: str) -> list[dict[str, Any]]:
    """The objects that a body holds under a name: at least one. Raises AlcorError (400)."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise bad_request(f"Resources required: '{name}' must be a list of at least one object")
    if len(found) > _MOST:
        raise bad_request(f"'{name}' has {len(found)} items: ask for at most {_MOST} at once.")
    return found


def checked(name: str, convert: Convert, value: Any) -> Any:
    """A value in its kept form. Raises AlcorError (400) naming it."""
    try:
        return convert(value)
    except ValueError as error:
        raise bad_request(f"Invalid input for {name}. Reason: {error}.") from error


def unless_empty(convert: Convert) -> Convert:
    """What the function takes, or nothing said: null or the empty string, which become None."""

    @takes({"anyOf": [schema_of(convert), {"enum": ["", None]}]})
    def convert_unless_empty(value: Any) -> Any:
        return None if value is None or value == "" else convert(value)

    return convert_unless_empty


def required(body: Any, converts: dict[str, Convert]) -> dict[str, Any]:
    """Members that an object must have, checked. Raises AlcorError (400)."""
    if not isinstance(body, dict):
        raise bad_request("The body must be an object.")
    for name in converts:
        if body.get(name) is None:
            raise bad_request(f"Failed to parse request. Required attribute '{name}' not specified")
    return {name: checked(name, convert, body[name]) for name, convert in converts.items()}
