"""Nova, as the controller tells it of ports (Compute API, ``POST /os-server-external-events``)."""

import uuid
from collections.abc import Sequence

import httpx
import msgspec

from alcor.api.identity.own_token import KeystoneAway, Login, OwnToken
from alcor.api.identity.settings import KeystoneSettings
from alcor.controller.compute.settings import ComputeSettings
from alcor.services.ports.compute_events import ComputeEvent

_PATH = "/os-server-external-events"
_INTERFACES = ("internal", "public", "admin")  # of the catalog, the one that is for services first
_TOLD = (200, 207, 404)  # all, some, and none of the servers are known


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


class _Described(msgspec.Struct):
    token: _Token


class Nova:
    """Tells Nova, with a token of the controller's own."""

    def __init__(self, settings: ComputeSettings, keystone: KeystoneSettings, client: httpx.AsyncClient) -> None:
        self._settings, self._client = settings, client
        self._own = OwnToken(keystone, client, with_catalog=True)

    async def tell(self, events: Sequence[ComputeEvent]) -> None:
        """Tell it of these, as far as their servers can be any of its. Raises NovaAway or NovaRefuses."""
        said = [
            {"server_uuid": each.device_id, "name": each.name, "tag": each.port_id, "status": "completed"}
            for each in events
            if _may_be_server(each.device_id)
        ]
        if not said:
            return
        try:
            answer = await self._post(said)
        except KeystoneAway as error:
            raise NovaAway(f"Keystone cannot be asked: {error}") from error
        if answer.status_code in _TOLD:
            return
        reason = f"it answers HTTP {answer.status_code}: {answer.text[:200]}"
        raise NovaRefuses(reason) if answer.status_code in (400, 413) else NovaAway(reason)

    async def _post(self, said: Sequence[dict[str, str]]) -> httpx.Response:
        login = await self._own.get()
        answer = await self._post_as(login, said)
        if answer.status_code == 401:  # the token was revoked
            answer = await self._post_as(await self._own.get(instead_of=login.token), said)
        return answer

    async def _post_as(self, login: Login, said: Sequence[dict[str, str]]) -> httpx.Response:
        url = f"{(self._settings.url or self._found(_catalog(login))).rstrip('/')}{_PATH}"
        try:
            return await self._client.post(url, json={"events": said}, headers={"X-Auth-Token": login.token})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NovaAway(f"{url} does not answer ({str(error) or type(error).__name__})") from error

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


def _catalog(login: Login) -> Sequence[_Service]:
    try:
        return msgspec.json.decode(login.described, type=_Described).token.catalog
    except ValueError as error:
        raise NovaAway(f"Keystone's catalog is not understood: {error}") from error


def _may_be_server(device_id: str) -> bool:
    """Nova refuses all that it is told at once where one of the servers is no UUID."""
    try:
        uuid.UUID(device_id)
    except ValueError:
        return False
    return True
