"""A token of the controller's own, by which it is known to Keystone and to other services (Identity API v3)."""

import asyncio
import time
from typing import Any

import httpx
import msgspec

from alcor.api.identity import tokens
from alcor.api.identity.settings import KeystoneSettings

_PATH = "/auth/tokens"
_RENEWED_BEFORE_END_SECONDS = 120.0


class KeystoneAway(Exception):
    """Keystone does not answer, or not as it should; the message says how."""


class Login(msgspec.Struct, frozen=True):
    """A token, until when it is valid (seconds since 1970), and what Keystone says of it, with its catalog if asked."""

    token: str
    until: float
    described: bytes


class OwnToken:
    """Gets it with the controller's password, and renews it by itself."""

    def __init__(self, settings: KeystoneSettings, client: httpx.AsyncClient, with_catalog: bool = False) -> None:
        self._settings, self._client = settings, client
        self._parameters = {} if with_catalog else {"nocatalog": ""}
        self._login = Login("", 0.0, b"")
        self._renewing = asyncio.Lock()

    async def get(self, instead_of: str = "") -> Login:
        """The token; another one than that which was found not to be valid any more. Raises KeystoneAway."""
        async with self._renewing:
            held = self._login
            if held.token in ("", instead_of) or time.time() > held.until - _RENEWED_BEFORE_END_SECONDS:
                self._login = await self._logged_in()
            return self._login

    async def ask(self, method: str, **content: Any) -> httpx.Response:
        """What Keystone answers about tokens. Raises KeystoneAway."""
        try:
            return await self._client.request(method, f"{self._settings.url.rstrip('/')}{_PATH}", **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise KeystoneAway(f"it does not answer ({str(error) or type(error).__name__})") from error

    async def _logged_in(self) -> Login:
        answer = await self.ask("POST", json=self._credentials(), params=self._parameters)
        if answer.status_code != 201:
            user = self._settings.user
            raise KeystoneAway(f"it refuses the user {user!r} of the controller (HTTP {answer.status_code})")
        try:
            until = tokens.parse(answer.content).expires_at
            return Login(answer.headers["x-subject-token"], until, answer.content)
        except (ValueError, KeyError) as error:
            raise KeystoneAway(f"its answer to a login is not understood: {error}") from error

    def _credentials(self) -> dict[str, Any]:
        settings = self._settings
        domain = {"name": settings.domain}
        user = {"name": settings.user, "password": settings.password, "domain": domain}
        return {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": settings.project, "domain": domain}},
            }
        }
