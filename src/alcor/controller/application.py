"""The API, as a controller serves it."""

from collections.abc import Iterable
from typing import Any

from alcor.api.app import ApiSettings, create_app
from alcor.api.routes import Route
from alcor.controller.controller import Readiness
from alcor.controller.settings import API, ControllerSettings
from alcor.store.store import Store


def create_application(
    settings: ControllerSettings, store: Store, readiness: Readiness, southbound: Iterable[Route]
) -> Any:
    """The ASGI application of a controller: of every role health and metrics, and of the role api the resources."""
    return create_app(store, ApiSettings(has_resources=API in settings.roles), readiness, more=southbound)
