"""Which handler answers which path: templates such as ``/v2.0/ports/{id}``, found segment by segment."""

from collections.abc import Iterable, Mapping

import msgspec

from alcor.api.http import Handler
from alcor.api.operation import Operation
from alcor.model.errors import AlcorError


class Route(msgspec.Struct, frozen=True):
    """A handler for a method on all paths of a template.

    Of a ``public`` one nobody asks who the caller is; others have a caller whom the ``rule`` lets, if there is one.
    ``operation`` is how it is described to clients.
    """

    method: str
    template: str
    handler: Handler
    operation: Operation
    public: bool = False
    rule: str = ""


class _Place(msgspec.Struct):
    """What follows after some segments, and what is answered there."""

    literal: dict[str, "_Place"] = {}
    parameter: "_Place | None" = None
    handlers: dict[str, tuple[Route, tuple[str, ...]]] = {}


class Routes:
    """The routes of an application. A literal segment wins over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Place()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        place = self._root
        names = []
        for segment in _segments(route.template):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                if place.parameter is None:
                    place.parameter = _Place()
                place = place.parameter
            else:
                place = place.literal.setdefault(segment, _Place())
        if route.method in place.handlers:
            raise ValueError(f"{route.method} {route.template} has two handlers")
        place.handlers[route.method] = route, tuple(names)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """The route of a request and the parameters of its path. Raises AlcorError (404 or 405)."""
        if "\0" in path:
            raise _no_such_path(path)
        values: list[str] = []
        place = self._root
        for segment in _segments(path):
            following = place.literal.get(segment) or place.literal.get(_other_spelling(segment))
            if following is None:
                following = place.parameter
                if following is None:
                    raise _no_such_path(path)
                values.append(segment)
            place = following
        if not place.handlers:
            raise _no_such_path(path)
        found = place.handlers.get("GET" if method == "HEAD" else method)
        if found is None:
            allowed = ", ".join(sorted(place.handlers))
            message = f"{method} is not possible on {path}; possible are {allowed}."
            raise AlcorError(405, "HTTPMethodNotAllowed", message, headers=(("allow", allowed),))
        route, names = found
        return route, dict(zip(names, values, strict=True))


def _other_spelling(segment: str) -> str:
    """Neutron takes underscores in paths for hyphens, and hyphens for underscores."""
    return segment.replace("_", "-") if "_" in segment else segment.replace("-", "_")


def _segments(path: str) -> list[str]:
    """The segments of a path; empty ones do not count, nor does Neutron's ending ``.json``."""
    return [segment for segment in path.removesuffix(".json").split("/") if segment]


def _no_such_path(path: str) -> AlcorError:
    return AlcorError(404, "HTTPNotFound", f"The resource could not be found: there is nothing at {path}.")
