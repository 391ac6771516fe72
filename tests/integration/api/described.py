"""What the API answers in tests is what its OpenAPI document says of it."""

from functools import lru_cache
from typing import cast

import httpx
from jsonschema_rs import Draft202012Validator

from alcor.api.neutron.routes import neutron_routes
from alcor.api.openapi.document import Document, openapi_document
from alcor.api.routes import Route, Routes
from alcor.api.vpc.routes import alcor_routes
from alcor.model.errors import AlcorError
from alcor.store.store import Store

_NO_STORE = cast(Store, None)  # routes are described without one


@lru_cache(1)
def described_routes() -> list[Route]:
    """All routes of both APIs, to look at."""
    return [*neutron_routes(_NO_STORE, 1), *alcor_routes(_NO_STORE, 1)]


@lru_cache(1)
def _routes() -> Routes:
    return Routes(described_routes())


@lru_cache
def _validator(method: str, template: str, status: int) -> Draft202012Validator:
    answers = _document()["paths"][template][method.lower()]["responses"]
    assert str(status) in answers, f"{method} {template} answers {status}, which is described nowhere"
    content = answers[str(status)].get("content")
    return Draft202012Validator({"const": ""} if content is None else content["application/json"]["schema"])


@lru_cache(1)
def _document() -> Document:
    return openapi_document(described_routes())


async def as_described(response: httpx.Response) -> None:
    """Raises AssertionError when an answer is not what the document says of its route."""
    if response.is_error or response.request.method == "HEAD":
        return
    try:
        route, _ = _routes().find(response.request.method, response.request.url.path)
    except AlcorError:
        return  # one of the controller itself
    await response.aread()
    errors = list(_validator(route.method, route.template, response.status_code).iter_errors(_said(response)))
    assert not errors, f"{route.method} {route.template}: {errors[0]}"


def _said(response: httpx.Response) -> object:
    return response.json() if response.content else ""


DESCRIBED = {"response": [as_described]}
"""The event hooks of a client that looks at every answer."""
