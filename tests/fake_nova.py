"""A Nova, and the Keystone that says where it is, at the far end of an HTTP client."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from alcor.api.identity.settings import KeystoneSettings

KEYSTONE = KeystoneSettings("http://keystone:5000/v3", "alcor", "secret", "service", "Default")


def endpoint(host: str, interface: str = "internal", region: str = "one") -> dict[str, str]:
    return {"url": f"http://{host}:8774/v2.1", "interface": interface, "region_id": region}


class FakeNova:
    """``heard`` are the events it was told of, and ``asked`` the hosts that requests came to.

    It answers what ``answers`` has, and that it knows all servers when there is nothing left; an exception is raised.
    """

    def __init__(self, *endpoints: dict[str, str]) -> None:
        self.endpoints = list(endpoints or [endpoint("nova")])
        self.heard: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.answers: list[int | Exception] = []
        self.logins = 0
        self._token = ""

    def client(self) -> httpx.AsyncClient:
        """A client that reaches it."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def revoke(self) -> None:
        """The token of the controller is not valid any more."""
        self._token = ""

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/auth/tokens":
            return self._login()
        assert request.url.path == "/v2.1/os-server-external-events"
        self.asked.append(request.url.host)
        if request.headers["x-auth-token"] != self._token:
            return httpx.Response(401)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        if answer < 300:
            self.heard += json.loads(request.content)["events"]
        return httpx.Response(answer, text="because")

    def _login(self) -> httpx.Response:
        self.logins += 1
        self._token = secrets.token_hex(8)
        ends = datetime.now(UTC) + timedelta(hours=1)
        services: list[dict[str, Any]] = [
            {"type": "identity", "endpoints": [endpoint("keystone")]},
            {"type": "compute", "endpoints": self.endpoints},
        ]
        token = {"user": {"id": "alcor"}, "expires_at": ends.isoformat(), "catalog": services}
        return httpx.Response(201, json={"token": token}, headers={"X-Subject-Token": self._token})
