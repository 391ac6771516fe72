"""What is known of tokens for a while, and of which nobody is asked twice at once."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable

import msgspec

from alcor.api.identity.tokens import Token

_MOST = 50_000
_INVALID_SECONDS = 10.0

Validate = Callable[[str, bool], Awaitable[Token | None]]
"""Asks about a token, with or without regard to its end."""

_Key = tuple[bytes, bool]


class _Known(msgspec.Struct, frozen=True):
    token: Token | None
    until: float


class TokenCache:
    """Tokens by their hash: ``seconds`` long, or to their end. Those that are not valid are kept apart, and shortly.

    However many ask about a token at the same time, one question goes out.
    """

    def __init__(self, validate: Validate, seconds: float, most: int = _MOST) -> None:
        self._validate, self._seconds, self._most = validate, seconds, most
        self._valid: dict[_Key, _Known] = {}
        self._invalid: dict[_Key, _Known] = {}
        self._asking: dict[_Key, asyncio.Task[Token | None]] = {}

    async def find(self, token: str, allow_expired: bool = False) -> Token | None:
        """What the token says, None when it is not valid. Raises what ``validate`` raises, and does not keep it."""
        key = hashlib.sha256(token.encode("latin-1")).digest(), allow_expired
        known = self._valid.get(key) or self._invalid.get(key)
        if known is not None and time.time() < known.until:
            return known.token
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(token, key))
            asking.add_done_callback(_heard)
        return await asyncio.shield(asking)  # others wait for it, too

    async def _ask(self, token: str, key: _Key) -> Token | None:
        try:
            found = await self._validate(token, key[1])
        finally:
            del self._asking[key]
        now = time.time()
        if found is None or (found.expires_at <= now and not key[1]):
            self._valid.pop(key, None)
            self._keep(self._invalid, key, _Known(None, now + min(self._seconds, _INVALID_SECONDS)))
            return None
        self._invalid.pop(key, None)
        until = now + self._seconds
        self._keep(self._valid, key, _Known(found, until if key[1] else min(until, found.expires_at)))
        return found

    def _keep(self, kept: dict[_Key, _Known], key: _Key, known: _Known) -> None:
        kept.pop(key, None)
        while len(kept) >= self._most:
            del kept[next(iter(kept))]  # who was asked about first
        kept[key] = known


def _heard(asking: "asyncio.Task[Token | None]") -> None:
    """Whoever asked may be gone: then nobody else looks at what went wrong."""
    if not asking.cancelled():
        asking.exception()
