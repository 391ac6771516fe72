"""The API, as a controller serves it."""

from collections.abc import Iterable
from typing import Any

from alcor.api.app import ApiSettings, create_app
from alcor.api.identity import Authenticate, anybody
from alcor.api.identity.settings import IdentitySettings
from alcor.api.routes import Route
from alcor.controller.controller import Readiness
from alcor.controller.settings import API, ControllerSettings
from alcor.store.store import Store


def create_application(
    settings: ControllerSettings, store: Store, readiness: Readiness, southbound: Iterable[Route]
) -> Any:
    """The ASGI application of a controller: of every role health and metrics, and of the role api the resources.

    Raises ControllerError.
    """
    return create_app(
        store,
        ApiSettings(has_resources=API in settings.roles, trust=settings.trust),
        readiness,
        more=southbound,
        authenticate=_authenticate(settings.identity),
    )


def _authenticate(identity: IdentitySettings) -> Authenticate:
    if identity.keystone is None:
        return anybody
    # What speaks to Keystone, and its policy, take as long to import as all of the API.
    from alcor.controller.callers import keystone_callers

    return keystone_callers(identity.keystone, identity.policy_file)
