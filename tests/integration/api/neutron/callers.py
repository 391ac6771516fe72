"""Clients of one controller that asks who its callers are, each with a token for a project and roles there."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.api.identity.authenticate import keystone_authenticate
from alcor.api.identity.policy import RulePolicy
from alcor.api.rules import all_rules
from alcor.store.store import Store
from tests.fake_keystone import SETTINGS, FakeKeystone
from tests.integration.api.described import DESCRIBED

As = Callable[..., httpx.AsyncClient]
"""A client for a project with these roles."""


@contextlib.asynccontextmanager
async def signing_in(store: Store, policy: Path | None, page_limit: int) -> AsyncIterator[As]:
    """``policy`` is the operator's file with rules."""
    keystone, clients = FakeKeystone(), []
    authenticate = keystone_authenticate(SETTINGS, RulePolicy(all_rules(), policy), keystone.client())
    settings = ApiSettings(page_limit=page_limit)
    application = create_app(store, settings, lambda: None, CollectorRegistry(), authenticate=authenticate)

    def client(project: str, *roles: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(application)
        token = {"X-Auth-Token": keystone.token(project, *roles)}
        clients.append(
            httpx.AsyncClient(transport=transport, base_url="http://neutron:9696", headers=token, event_hooks=DESCRIBED)
        )
        return clients[-1]

    yield client
    for each in clients:
        await each.aclose()
