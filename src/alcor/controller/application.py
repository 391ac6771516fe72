"""The API, as a controller serves it."""

from collections.abc import Iterable
from typing import Any

from alcor.api.app import ApiSettings, create_app
from alcor.api.routes import Route
from alcor.controller.controller import Readiness
from alcor.store.store import Store


def create_application(store: Store, readiness: Readiness, southbound: Iterable[Route]) -> Any:
    """The ASGI application of the API on this store, and on the southbound side of this controller."""
    return create_app(store, ApiSettings(), readiness, more=southbound)
