"""The API on a store, asked by whomever one likes: nobody has to prove who they are."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.model.context import OPERATOR, Context
from alcor.store.store import Store

SignIn = Callable[[Context], None]
"""Makes somebody the caller of all requests from then on."""


@contextlib.asynccontextmanager
async def asking_as_any(store: Store) -> AsyncIterator[tuple[httpx.AsyncClient, SignIn]]:
    """A client, at first of the operator's, and how it becomes another's. It waits for ever."""
    caller = OPERATOR

    async def authenticate(_request: Any) -> Context:
        return caller

    def sign_in(context: Context) -> None:
        nonlocal caller
        caller = context

    application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry(), authenticate=authenticate)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://neutron", timeout=None) as client:
        yield client, sign_in
