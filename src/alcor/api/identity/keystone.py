"""Keystone, as the controller asks it about tokens (Identity API v3, ``/v3/auth/tokens``)."""

import asyncio
import logging
import ssl
import time
from typing import Any

import httpx

from alcor.api.identity import tokens
from alcor.api.identity.settings import KeystoneSettings
from alcor.api.identity.tokens import Token
from alcor.model.errors import AlcorError

log = logging.getLogger(__name__)

TOKENS = "/auth/tokens"
"""Where tokens are made and asked about."""

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 45.0  # a busy Keystone is waited for, but less long than clients wait for the controller
_CONNECTIONS = 20
_RENEWED_BEFORE_END_SECONDS = 120.0
_COMPLAIN_SECONDS = 10.0
_NO_TOKEN = (400, 404, 431)  # not known, or nothing that could be a token


def http_client() -> httpx.AsyncClient:
    """How Keystone is reached: directly, with certificates as the system (or SSL_CERT_FILE) trusts them."""
    return httpx.AsyncClient(
        verify=ssl.create_default_context(),
        timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=_CONNECTIONS),
        trust_env=False,
    )


def credentials(settings: KeystoneSettings) -> dict[str, Any]:
    """What the controller asks for a token of its own with."""
    domain = {"name": settings.domain}
    user = {"name": settings.user, "password": settings.password, "domain": domain}
    return {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": settings.project, "domain": domain}},
        }
    }


class Keystone:
    """Validates tokens with a token of the controller's own, which it gets and renews by itself."""

    def __init__(self, settings: KeystoneSettings, client: httpx.AsyncClient) -> None:
        self._settings, self._client = settings, client
        self._own = ""
        self._own_until = 0.0
        self._renewing = asyncio.Lock()
        self._complained_at = -_COMPLAIN_SECONDS

    async def validate(self, token: str, allow_expired: bool) -> Token | None:
        """What a token says, None when it is not valid.

        Raises AlcorError (503) when Keystone cannot say: it is away, or refuses the controller.
        """
        answer = await self._ask_about(token, allow_expired, await self._own_token())
        if answer.status_code == 401:  # the controller's own token was revoked
            answer = await self._ask_about(token, allow_expired, await self._own_token(instead_of=self._own))
        if answer.status_code in _NO_TOKEN:
            return None
        if answer.status_code != 200:
            raise self._unavailable(
                f"it does not let the user {self._settings.user!r} validate tokens (HTTP {answer.status_code})"
                if answer.status_code in (401, 403)
                else f"it answers HTTP {answer.status_code}"
            )
        try:
            return tokens.parse(answer.content)
        except ValueError as error:
            raise self._unavailable(f"its answer about a token is not understood: {error}") from error

    async def _ask_about(self, token: str, allow_expired: bool, own: str) -> httpx.Response:
        parameters = {"nocatalog": ""} | ({"allow_expired": "1"} if allow_expired else {})
        headers = {"X-Auth-Token": own, "X-Subject-Token": token}
        return await self._request("GET", params=parameters, headers=headers)

    async def _own_token(self, instead_of: str = "") -> str:
        async with self._renewing:
            if self._own in ("", instead_of) or time.time() > self._own_until - _RENEWED_BEFORE_END_SECONDS:
                answer = await self._request("POST", json=credentials(self._settings), params={"nocatalog": ""})
                if answer.status_code != 201:
                    raise self._unavailable(
                        f"it refuses the user {self._settings.user!r} of the controller (HTTP {answer.status_code})"
                    )
                try:
                    self._own_until = tokens.parse(answer.content).expires_at
                    self._own = answer.headers["x-subject-token"]
                except (ValueError, KeyError) as error:
                    raise self._unavailable(f"its answer to a login is not understood: {error}") from error
            return self._own

    async def _request(self, method: str, **content: Any) -> httpx.Response:
        try:
            return await self._client.request(method, f"{self._settings.url.rstrip('/')}{TOKENS}", **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unavailable(f"it does not answer ({str(error) or type(error).__name__})") from error

    def _unavailable(self, reason: str) -> AlcorError:
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAIN_SECONDS:
            self._complained_at = now
            log.error("Keystone at %s cannot be asked about tokens: %s", self._settings.url, reason)
        return AlcorError(
            503,
            "ServiceUnavailable",
            "The Keystone service is temporarily unavailable: the controller cannot find out whose token this is. "
            "Nothing was done. Try again.",
        )
