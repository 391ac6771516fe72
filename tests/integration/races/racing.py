"""Requests made at once, of one controller or of several on one database."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any

import httpx
import msgspec

Json = dict[str, Any]

REFUSED = frozenset((404, 409))
"""What requests that come too late are answered with: what they need is gone, or somebody has it."""

_SKEW_SECONDS = 0.004  # about as long as a group of writes takes


class Request(msgspec.Struct, frozen=True):
    """A request of any of the APIs."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = {}


def create(path: str, member: str, **attributes: Any) -> Request:
    """A request of Neutron's API to create a resource."""
    return Request("POST", f"/v2.0/{path}", {member: attributes})


def update(path: str, member: str, **attributes: Any) -> Request:
    """A request of Neutron's API to change a resource."""
    return Request("PUT", f"/v2.0/{path}", {member: attributes})


def put(path: str, **body: Any) -> Request:
    """A request of Neutron's API to carry out an action."""
    return Request("PUT", f"/v2.0/{path}", body)


def delete(path: str) -> Request:
    """A request of Neutron's API to delete something."""
    return Request("DELETE", f"/v2.0/{path}")


def succeeded(status: int) -> bool:
    """Whether a request was carried out."""
    return 200 <= status < 300


class Cloud:
    """The controllers, as clients that make many requests at once know them.

    What is left to chance follows from the seed of ``random``.
    """

    def __init__(self, clients: Sequence[httpx.AsyncClient], random: Random) -> None:
        self.clients = clients
        self.random = random

    async def answer(self, request: Request) -> httpx.Response:
        """The answer of one of the controllers."""
        client = self.random.choice(self.clients)
        return await client.request(request.method, request.path, json=request.body, headers=dict(request.headers))

    async def make(self, path: str, member: str, **attributes: Any) -> Json:
        """A new resource of Neutron's API."""
        created: Json = (await self.do(create(path, member, **attributes)))[member]
        return created

    async def do(self, request: Request) -> Any:
        """The body of the answer to a request that must succeed."""
        answer = await self.answer(request)
        assert answer.is_success, (request, answer.text)
        return answer.json() if answer.content else None

    async def at_once(self, *requests: Request, refused: Collection[int] = REFUSED) -> list[int]:
        """Make requests at once, in any order. Returns their statuses; others than ``refused`` fail the test."""
        order = list(range(len(requests)))
        self.random.shuffle(order)
        statuses = dict(
            zip(order, await asyncio.gather(*(self._soon(requests[n], refused) for n in order)), strict=True)
        )
        return [statuses[n] for n in range(len(requests))]

    async def _soon(self, request: Request, refused: Collection[int]) -> int:
        await asyncio.sleep(self.random.uniform(0, _SKEW_SECONDS))
        answer = await self.answer(request)
        assert answer.is_success or answer.status_code in refused, (request, answer.status_code, answer.text)
        return answer.status_code

    async def gone_or_used(
        self, gone: Request, *uses: Request, frees: bool = False, refused: Collection[int] = REFUSED
    ) -> None:
        """Somebody deletes what others begin to use: one of them comes too late.

        Where it ``frees`` those who use it, or takes them with it, both may succeed.
        """
        deleted, *used = await self.at_once(gone, *uses, refused=refused)
        if succeeded(deleted):
            assert frees or not any(map(succeeded, used)), (gone, used)
        else:
            assert not frees and any(map(succeeded, used)), (gone, deleted, used)

    async def one_of(self, *requests: Request, refused: Collection[int] = REFUSED) -> None:
        """Requests of which only one can succeed, and one does."""
        statuses = await self.at_once(*requests, refused=refused)
        assert sum(map(succeeded, statuses)) == 1, (requests, statuses)

    async def rounds(self, race: Callable[["Cloud"], Awaitable[None]], times: int = 3, at_once: int = 4) -> None:
        """Run a race many times, some of them at once."""
        for _ in range(times):
            await asyncio.gather(*(race(self) for _ in range(at_once)))
