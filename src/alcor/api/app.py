"""The ASGI application: finds the route, calls its handler, answers, and counts."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from prometheus_client import REGISTRY, CollectorRegistry

from alcor.api import health
from alcor.api.errors import error_response
from alcor.api.http import Request, Response, read_body, send_response
from alcor.api.identity import Authenticate, anybody
from alcor.api.metrics import ApiMetrics
from alcor.api.neutron.routes import neutron_routes
from alcor.api.openapi.routes import openapi_routes
from alcor.api.routes import Route, Routes
from alcor.api.vpc.routes import alcor_routes
from alcor.model.identifiers import new_request_id
from alcor.services.trust.settings import TrustSettings
from alcor.store.store import Store


class ApiSettings(msgspec.Struct, frozen=True):
    """``page_limit`` bounds the resources a list answers at once; the rest is behind the link to the next page.

    Without resources there are only the pages about the process, and what ``more`` has.
    """

    page_limit: int = 1000
    has_resources: bool = True
    trust: TrustSettings = TrustSettings()


Application = Callable[[Any, Any, Any], Any]


def create_app(
    store: Store,
    settings: ApiSettings,
    not_ready: Callable[[], str | None],
    registry: CollectorRegistry = REGISTRY,
    more: Iterable[Route] = (),
    authenticate: Authenticate = anybody,
) -> Application:
    """The API on a store. ``not_ready`` says why the controller is not ready, or None; ``more`` routes are its own.

    ``authenticate`` tells who makes a request.
    """
    metrics = ApiMetrics(registry)
    resources: list[Route] = []
    if settings.has_resources:
        resources = [
            *neutron_routes(store, settings.page_limit),
            *alcor_routes(store, settings.page_limit, settings.trust),
        ]
    served = [*health.routes(store, not_ready), *metrics.routes(), *resources, *more]
    routes = Routes([*served, *openapi_routes(served)])

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        request_id = new_request_id()
        template, response = await _answer(routes, authenticate, scope, receive, request_id)
        method = scope["method"] if template else ""  # without a route it is any word
        metrics.observe(method, template, response.status, time.perf_counter() - started)
        await send_response(send, response, request_id.encode(), scope["method"] != "HEAD")

    return application


async def _answer(
    routes: Routes, authenticate: Authenticate, scope: Any, receive: Any, request_id: str
) -> tuple[str, Response]:
    """The template of the route that answered, and its answer. Never raises: a fault is an answer, too."""
    template = ""
    try:
        route, parameters = routes.find(scope["method"], scope["path"])
        template = route.template
        request = Request(scope, await read_body(scope, receive))
        request.parameters.update(parameters)
        if not route.public:
            request.context = await authenticate(request)
            if route.rule:
                request.context.require([route.rule], {})
        return template, await route.handler(request)
    except Exception as error:
        return template, error_response(error, request_id)
