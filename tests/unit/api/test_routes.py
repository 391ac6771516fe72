"""A path leads to its handler."""

import pytest

from alcor.api.http import NO_CONTENT, Request, Response
from alcor.api.operation import Operation
from alcor.api.routes import Route, Routes
from alcor.model.errors import AlcorError


async def answer(_request: Request) -> Response:
    return NO_CONTENT


def route(method: str, template: str) -> Route:
    return Route(method, template, answer, Operation("answers", "answers"))


ROUTES = Routes(
    [
        route("GET", "/"),
        route("GET", "/ports"),
        route("POST", "/ports"),
        route("GET", "/ports/{id}"),
        route("GET", "/ports/bulk"),
        route("DELETE", "/ports/{id}"),
        route("GET", "/project/{project_id}/ports/{id}"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "template", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/ports", "/ports", {}),
        ("GET", "/ports/", "/ports", {}),
        ("GET", "//ports", "/ports", {}),
        ("GET", "/ports.json", "/ports", {}),
        ("HEAD", "/ports", "/ports", {}),
        ("POST", "/ports", "/ports", {}),
        ("GET", "/ports/a b", "/ports/{id}", {"id": "a b"}),
        ("GET", "/ports/bulk", "/ports/bulk", {}),
        ("GET", "/project/p/ports/q", "/project/{project_id}/ports/{id}", {"project_id": "p", "id": "q"}),
    ],
)
def test_a_route_is_found(method: str, path: str, template: str, parameters: dict[str, str]) -> None:
    found, its_parameters = ROUTES.find(method, path)
    assert (found.template, its_parameters) == (template, parameters)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/ports/a/b", 404),
        ("GET", "/project", 404),
        ("GET", "/project/p", 404),
        ("GET", "/ports/\0", 404),
        ("PUT", "/ports", 405),
        ("HEAD", "/ports/bulk/x", 404),
        ("get", "/ports", 405),
    ],
)
def test_what_leads_nowhere_is_refused(method: str, path: str, status: int) -> None:
    with pytest.raises(AlcorError) as caught:
        ROUTES.find(method, path)
    assert caught.value.status == status


def test_a_literal_segment_hides_a_parameter() -> None:
    """So that no resource can be called like an operation."""
    with pytest.raises(AlcorError, match="possible are GET"):
        ROUTES.find("DELETE", "/ports/bulk")


def test_contradictions_are_refused_when_routes_are_made() -> None:
    with pytest.raises(ValueError, match="two handlers"):
        Routes([route("GET", "/a/{id}"), route("GET", "/a/{id}")])


def test_each_route_calls_its_parameters_as_it_likes() -> None:
    routes = Routes([route("GET", "/a/{id}"), route("PUT", "/a/{name}"), route("GET", "/a/{parent_id}/b/{id}")])
    assert routes.find("GET", "/a/1")[1] == {"id": "1"}
    assert routes.find("PUT", "/a/1")[1] == {"name": "1"}
    assert routes.find("GET", "/a/1/b/2")[1] == {"parent_id": "1", "id": "2"}
