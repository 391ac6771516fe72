"""Callers are whom their token says, as keystonemiddleware understands ``X-Auth-Token`` and ``X-Service-Token``.

No other header says anything about a caller: who is asked is Keystone.
"""

import httpx
import msgspec

from alcor.api.http import Request
from alcor.api.identity import Authenticate
from alcor.api.identity.keystone import Keystone
from alcor.api.identity.policy import RulePolicy
from alcor.api.identity.settings import KeystoneSettings
from alcor.api.identity.token_cache import TokenCache
from alcor.api.identity.tokens import Token
from alcor.model.context import Context
from alcor.model.errors import AlcorError

_SERVICE_ROLE = "service"
_MOST_CALLERS = 50_000


def keystone_authenticate(settings: KeystoneSettings, policy: RulePolicy, client: httpx.AsyncClient) -> Authenticate:
    """Finds out callers by their tokens; ``policy`` says what they may.

    A service that works for a user sends its own token beside the user's: that one may then have expired meanwhile.
    """
    known = TokenCache(Keystone(settings, client).validate, settings.cache_seconds)
    callers = _Callers(policy)
    challenge = (("WWW-Authenticate", f'Keystone uri="{settings.url}"'),)

    async def authenticate(request: Request) -> Context:
        user_token = service_token = ""
        for name, value in request.headers:
            if name == b"x-auth-token":
                user_token = value.decode("latin-1").strip()
            elif name == b"x-service-token":
                service_token = value.decode("latin-1").strip()
        if not user_token or not f"{user_token}{service_token}".isascii():
            raise _unauthorized(challenge)
        service_roles: frozenset[str] = frozenset()
        if service_token:
            service = await known.find(service_token)
            if service is None:
                raise _unauthorized(challenge)
            service_roles = service.caller.roles
        token = await known.find(user_token, _SERVICE_ROLE in service_roles)
        if token is None:
            raise _unauthorized(challenge)
        return callers.of(token, service_roles)

    return authenticate


class _Callers:
    """The callers of tokens under the rules as they are, each the same object for as long as these do not change."""

    def __init__(self, policy: RulePolicy) -> None:
        self._policy = policy
        self._version = policy.version
        self._known: dict[tuple[int, frozenset[str]], tuple[Token, Context]] = {}

    def of(self, token: Token, service_roles: frozenset[str]) -> Context:
        """The caller of a token, for whom a service with these roles may ask."""
        self._policy.refresh()
        if self._version != self._policy.version or len(self._known) > _MOST_CALLERS:
            self._version = self._policy.version
            self._known.clear()
        key = id(token), service_roles
        known = self._known.get(key)
        if known is not None and known[0] is token:
            return known[1]
        caller = msgspec.structs.replace(token.caller, service_roles=service_roles, policy=self._policy)
        caller = msgspec.structs.replace(caller, is_admin=self._policy.is_admin(caller))
        self._known[key] = token, caller
        return caller


def _unauthorized(challenge: tuple[tuple[str, str], ...]) -> AlcorError:
    return AlcorError(401, "Unauthorized", "The request you have made requires authentication.", headers=challenge)
