"""Keystone, as the controller asks it about tokens (Identity API v3, ``/v3/auth/tokens``)."""

import logging
import ssl
import time

import httpx

from alcor.api.identity import tokens
from alcor.api.identity.own_token import KeystoneAway, OwnToken
from alcor.api.identity.settings import KeystoneSettings
from alcor.api.identity.tokens import Token
from alcor.model.errors import AlcorError

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 45.0  # a busy Keystone is waited for, but less long than clients wait for the controller
_CONNECTIONS = 20
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


class Keystone:
    """Validates tokens, with one of the controller's own."""

    def __init__(self, settings: KeystoneSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._own = OwnToken(settings, client)
        self._complained_at = -_COMPLAIN_SECONDS

    async def validate(self, token: str, allow_expired: bool) -> Token | None:
        """What a token says, None when it is not valid.

        Raises AlcorError (503) when Keystone cannot say: it is away, or refuses the controller.
        """
        try:
            answer = await self._ask_about(token, allow_expired)
        except KeystoneAway as error:
            raise self._unavailable(str(error)) from error
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

    async def _ask_about(self, token: str, allow_expired: bool) -> httpx.Response:
        parameters = {"nocatalog": ""} | ({"allow_expired": "1"} if allow_expired else {})

        async def ask(own: str) -> httpx.Response:
            return await self._own.ask(
                "GET", params=parameters, headers={"X-Auth-Token": own, "X-Subject-Token": token}
            )

        own = (await self._own.get()).token
        answer = await ask(own)
        if answer.status_code == 401:  # the controller's own token was revoked
            answer = await ask((await self._own.get(instead_of=own)).token)
        return answer

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
