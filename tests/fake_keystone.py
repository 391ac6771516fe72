"""A Keystone at the far end of an HTTP client: it knows tokens that tests make, and counts what it is asked."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from alcor.api.identity.settings import KeystoneSettings

SETTINGS = KeystoneSettings("http://keystone:5000/v3", "alcor", "secret", "service", "Default")


class FakeKeystone:
    """``away`` has it not answer at all; ``broken`` is a status it answers everything with."""

    def __init__(self) -> None:
        self.away = False
        self.broken = 0
        self.questions = 0
        self.logins = 0
        self._tokens: dict[str, dict[str, Any]] = {}
        self._own: set[str] = set()

    def client(self) -> httpx.AsyncClient:
        """A client that reaches it."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def token(self, project: str | None = None, *roles: str, seconds: float = 3600, **scope: Any) -> str:
        """A new token of a user of the project, with these roles there, that is valid for so long."""
        name = secrets.token_hex(16)
        self._tokens[name] = _described(project, roles, seconds) | scope
        return name

    def revoke(self, token: str) -> None:
        """The token is not valid any more."""
        del self._tokens[token]

    def revoke_those_of_the_controller(self) -> None:
        """It has to log in again."""
        self._own.clear()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("connection refused", request=request)
        if self.broken:
            return httpx.Response(self.broken)
        assert request.url.path == "/v3/auth/tokens"
        return self._login(request) if request.method == "POST" else self._validate(request)

    def _login(self, request: httpx.Request) -> httpx.Response:
        self.logins += 1
        if SETTINGS.password.encode() not in request.content:
            return httpx.Response(401)
        own = secrets.token_hex(16)
        self._own.add(own)
        body = {"token": _described("service-project", ("service",), 3600)}
        return httpx.Response(201, json=body, headers={"X-Subject-Token": own})

    def _validate(self, request: httpx.Request) -> httpx.Response:
        self.questions += 1
        if request.headers["X-Auth-Token"] not in self._own:
            return httpx.Response(401)
        found = self._tokens.get(request.headers["X-Subject-Token"])
        if found is None or (_ended(found) and request.url.params.get("allow_expired") != "1"):
            return httpx.Response(404)
        return httpx.Response(200, json={"token": found})


def _described(project: str | None, roles: tuple[str, ...], seconds: float) -> dict[str, Any]:
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    described = {
        "methods": ["password"],
        "user": {"id": "user-of-" + str(project), "name": "somebody", "domain": {"id": "default", "name": "Default"}},
        "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "roles": [{"id": secrets.token_hex(4), "name": role} for role in roles],
    }
    if project is not None:
        described["project"] = {"id": project, "name": project, "domain": {"id": "default", "name": "Default"}}
    return described


def _ended(token: dict[str, Any]) -> bool:
    return datetime.fromisoformat(token["expires_at"]) <= datetime.now(UTC)
