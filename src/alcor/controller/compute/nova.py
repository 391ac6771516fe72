"""Nova, as the controller tells it of ports (Compute API, ``POST /os-server-external-events``)."""

import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from alcor.api.identity import tokens
from alcor.api.identity.keystone import TOKENS, credentials
from alcor.api.identity.settings import KeystoneSettings
from alcor.controller.compute.settings import ComputeSettings
from alcor.services.ports.compute_events import ComputeEvent

_PATH = "/os-server-external-events"
_INTERFACES = ("internal", "public", "admin")  # of the catalog, the one that is for services first
_TOLD = (200, 207, 404)  # all, some, and none of the servers are known
_RENEWED_BEFORE_END_SECONDS = 120.0


class NovaAway(Exception):
    """Nova cannot be told now; the message says why."""


class NovaRefuses(Exception):
    """Nova does not take what it is told; the message says why."""


class _Endpoint(msgspec.Struct):
    url: str
    interface: str = ""
    region_id: str | None = None


class _Service(msgspec.Struct):
    type: str
    endpoints: list[_Endpoint] = []


class _Token(msgspec.Struct):
    catalog: list[_Service] = []


class _Login(msgspec.Struct):
    token: _Token


class Nova:
    """Tells Nova, with a token of the controller's own, which it gets and renews by itself."""

    def __init__(self, settings: ComputeSettings, keystone: KeystoneSettings, client: httpx.AsyncClient) -> None:
        self._settings, self._keystone, self._client = settings, keystone, client
        self._token, self._until, self._url = "", 0.0, ""

    async def tell(self, events: Sequence[ComputeEvent]) -> None:
        """Tell it of these, as far as their servers can be any of its. Raises NovaAway or NovaRefuses."""
        said = [
            {"server_uuid": each.device_id, "name": each.name, "tag": each.port_id, "status": "completed"}
            for each in events
            if _may_be_server(each.device_id)
        ]
        if not said:
            return
        answer = await self._post(said)
        if answer.status_code == 401:  # the token was revoked
            self._token = ""
            answer = await self._post(said)
        if answer.status_code in _TOLD:
            return
        reason = f"it answers HTTP {answer.status_code}: {answer.text[:200]}"
        raise NovaRefuses(reason) if answer.status_code in (400, 413) else NovaAway(reason)

    async def _post(self, said: Sequence[dict[str, str]]) -> httpx.Response:
        await self._log_in()
        return await self._request(f"{self._url}{_PATH}", json={"events": said}, headers={"X-Auth-Token": self._token})

    async def _log_in(self) -> None:
        if self._token and time.time() < self._until - _RENEWED_BEFORE_END_SECONDS:
            return
        answer = await self._request(f"{self._keystone.url}{TOKENS}", json=credentials(self._keystone))
        if answer.status_code != 201:
            raise NovaAway(f"Keystone refuses the user {self._keystone.user!r} (HTTP {answer.status_code})")
        try:
            self._until = tokens.parse(answer.content).expires_at
            catalog = msgspec.json.decode(answer.content, type=_Login).token.catalog
            token = answer.headers["x-subject-token"]
        except (ValueError, KeyError) as error:
            raise NovaAway(f"Keystone's answer to a login is not understood: {error}") from error
        self._url = (self._settings.url or self._found(catalog)).rstrip("/")
        self._token = token

    def _found(self, catalog: Sequence[_Service]) -> str:
        endpoints = [each for service in catalog if service.type == "compute" for each in service.endpoints]
        if self._settings.region:
            endpoints = [each for each in endpoints if each.region_id == self._settings.region]
        elif len({each.region_id for each in endpoints}) > 1:
            raise NovaAway("Keystone's catalog has it in several regions: say which with --compute-region")
        for interface in _INTERFACES:
            for each in endpoints:
                if each.interface == interface:
                    return each.url
        raise NovaAway("Keystone's catalog does not have it: say where it is with --compute-url")

    async def _request(self, url: str, **content: Any) -> httpx.Response:
        try:
            return await self._client.post(url, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NovaAway(f"{url} does not answer ({str(error) or type(error).__name__})") from error


def _may_be_server(device_id: str) -> bool:
    """Nova refuses all that it is told at once where one of the servers is no UUID."""
    try:
        uuid.UUID(device_id)
    except ValueError:
        return False
    return True
