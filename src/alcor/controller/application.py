"""The API, as a controller serves it."""

from typing import Any

from alcor.api.app import ApiSettings, create_app
from alcor.controller.controller import Readiness
from alcor.store.store import Store


def create_application(store: Store, readiness: Readiness) -> Any:
    """The ASGI application of the API on this store."""
    return create_app(store, ApiSettings(), readiness)
