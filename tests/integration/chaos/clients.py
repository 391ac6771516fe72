"""Clients that create, move and delete ports all the time, and remember what was acknowledged."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.integration.chaos.host import Host

_TIMEOUT = 10.0
_PAUSE = 0.1
_ERROR = 500
_NOT_FOUND = 404

Body = dict[str, Any]


class Unanswered(Exception):
    """Whether it was done is not known."""


class Clients:
    """All of the region's clients. Interfaces are plugged and unplugged as ports come and go."""

    def __init__(self, apis: Sequence[str], networks: Sequence[str], hosts: Mapping[str, Host], seed: int) -> None:
        self.ports: dict[str, str] = {}
        """Acknowledged and not deleted: id → host."""
        self.unsure: set[str] = set()
        """Ports of which a delete was not answered: they may be there or not."""
        self.deleted: set[str] = set()
        self.moves = 0
        self.must_stop = False
        self._apis, self._networks, self._hosts = apis, networks, hosts
        self._seed = seed
        self._busy: set[str] = set()

    async def run(self, count: int, most_ports: int) -> None:
        """So many clients, until they are told to stop and have finished what they are at."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                tasks.create_task(self._client(random.Random(f"{self._seed} {number}"), most_ports))

    async def ask(self, dice: random.Random, method: str, path: str, body: Body | None = None) -> Any:
        """Raises Unanswered. An answer that there is nothing there is None."""
        try:
            async with httpx.AsyncClient(base_url=f"http://{dice.choice(self._apis)}", timeout=_TIMEOUT) as client:
                answer = await client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise Unanswered(str(error)) from error
        if answer.status_code >= _ERROR:
            raise Unanswered(answer.text)
        if answer.status_code == _NOT_FOUND:
            return None
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    async def _client(self, dice: random.Random, most_ports: int) -> None:
        while not self.must_stop:
            free = [port_id for port_id in self.ports if port_id not in self._busy]
            try:
                if len(self.ports) < most_ports and (not free or dice.random() < 0.6):
                    await self._create(dice)
                elif free:
                    await self._change(dice, dice.choice(free))
            except Unanswered:
                pass
            await asyncio.sleep(dice.uniform(0, 2 * _PAUSE))

    async def _create(self, dice: random.Random) -> None:
        host = dice.choice(list(self._hosts))
        port = {"network_id": dice.choice(self._networks), "binding:host_id": host}
        created = (await self.ask(dice, "POST", "/v2.0/ports", {"port": port}))["port"]
        self._hosts[host].plug(created["id"])
        self.ports[created["id"]] = host

    async def _change(self, dice: random.Random, port_id: str) -> None:
        self._busy.add(port_id)
        try:
            if dice.random() < 0.5:
                await self._delete(dice, port_id)
            else:
                home = self.ports[port_id]
                await self._move(dice, port_id, dice.choice([host for host in self._hosts if host != home]))
                if dice.random() < 0.5:  # and back again at once
                    await self._move(dice, port_id, home)
        finally:
            self._busy.discard(port_id)

    async def _delete(self, dice: random.Random, port_id: str) -> None:
        host = self.ports.pop(port_id)
        try:
            await self.ask(dice, "DELETE", f"/v2.0/ports/{port_id}")
        except Unanswered:
            self.unsure.add(port_id)
            raise
        self.deleted.add(port_id)
        self._hosts[host].unplug(port_id)

    async def _move(self, dice: random.Random, port_id: str, to: str) -> None:
        while True:
            try:
                await self.ask(dice, "PUT", f"/v2.0/ports/{port_id}", {"port": {"binding:host_id": to}})
                break
            except Unanswered:  # it may have been done, so it must be
                await asyncio.sleep(_PAUSE)
        self._hosts[self.ports[port_id]].unplug(port_id)
        self._hosts[to].plug(port_id)
        self.ports[port_id] = to
        self.moves += 1
