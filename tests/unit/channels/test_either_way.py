"""A host goes by its second way only while the first comes to nothing."""

import asyncio
from collections.abc import AsyncIterator

from alcor.channels.either_way import EitherWay
from alcor.channels.messages import AgentMessage, Welcome
from alcor.model.goal_state import GoalStateDelta

_SECONDS = 30.0


class Connection:
    """Ends when it is told to."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.welcome = Welcome(b"l" * 16)
        self.closed = asyncio.Event()

    async def goal_states(self) -> AsyncIterator[GoalStateDelta]:
        await self.closed.wait()
        return
        yield

    async def send(self, message: AgentMessage) -> None: ...

    def close(self) -> None:
        self.closed.set()


class Way:
    """Can be used or not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.usable = asyncio.Event()
        self.open = 0
        self.current: Connection | None = None

    async def connections(self) -> AsyncIterator[Connection]:
        self.open += 1
        try:
            while True:
                await self.usable.wait()
                self.current = Connection(self.name)
                yield self.current
        finally:
            self.open -= 1


async def host(either: EitherWay, went: "asyncio.Queue[str]") -> None:
    async for connection in either.connections():
        went.put_nowait(connection.address)
        async for _ in connection.goal_states():
            pass


async def test_the_second_way_is_left_as_soon_as_the_first_can_be_gone() -> None:
    fast, queue = Way("fast"), Way("queue")
    went: asyncio.Queue[str] = asyncio.Queue()
    going = asyncio.create_task(host(EitherWay(fast, queue, patience=0.05), went))
    async with asyncio.timeout(_SECONDS):
        queue.usable.set()
        assert await went.get() == "queue"
        fast.usable.set()
        assert await went.get() == "fast"
        assert queue.open == 0, "nothing of it is kept"
        fast.usable.clear()
        assert fast.current is not None
        fast.current.close()
        assert await went.get() == "queue"
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)


async def test_the_second_way_is_not_tried_while_the_first_works() -> None:
    fast, queue = Way("fast"), Way("queue")
    went: asyncio.Queue[str] = asyncio.Queue()
    fast.usable.set()
    queue.usable.set()
    going = asyncio.create_task(host(EitherWay(fast, queue, patience=60.0), went))
    async with asyncio.timeout(_SECONDS):
        for _ in range(3):
            assert await went.get() == "fast"
            assert fast.current is not None
            fast.current.close()
    assert queue.open == 0
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)


async def test_neither_way_works_until_one_does() -> None:
    fast, queue = Way("fast"), Way("queue")
    went: asyncio.Queue[str] = asyncio.Queue()
    going = asyncio.create_task(host(EitherWay(fast, queue, patience=0.01), went))
    async with asyncio.timeout(_SECONDS):
        while not queue.open:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        fast.usable.set()
        assert await went.get() == "fast"
        assert queue.open == 0
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
