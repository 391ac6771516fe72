"""How an address is reached: directly, or by whoever leads there."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

Ways = Callable[[str], AbstractAsyncContextManager[str]]
"""Where to connect to, HOST:PORT or unix:PATH, to reach an address, for one connection. Raises OSError when there is no
way."""


@contextlib.asynccontextmanager
async def direct(address: str) -> AsyncIterator[str]:
    """The direct way."""
    yield address
