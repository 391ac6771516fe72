"""A message queue in this process, that can be away, lose messages and deliver them twice."""

import asyncio
from collections.abc import Callable

from alcor.channels.topics import TopicUnavailable
from alcor.model.identifiers import Id


class Reader:
    def __init__(self, queue: "TopicQueueInProcess") -> None:
        self._queue = queue
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def next(self) -> bytes:
        data = await self.messages.get()
        if data is None:
            raise TopicUnavailable("the broker is away")
        return data

    async def close(self) -> None:
        for readers in self._queue.readers.values():
            readers.discard(self)


class Writer:
    def __init__(self, queue: "TopicQueueInProcess", vpc_id: Id, turn: Callable[[], None]) -> None:
        self._queue, self._vpc_id, self.turn = queue, vpc_id, turn

    def send(self, data: bytes, lost: Callable[[], None]) -> None:
        self._queue.send(self, self._vpc_id, data, lost)

    def close(self) -> None:
        self._queue.leave(self, self._vpc_id)


class TopicQueueInProcess:
    """A TopicQueue. Of those who would publish it is the turn of the first."""

    def __init__(self) -> None:
        self.readers: dict[Id, set[Reader]] = {}
        self.published = 0
        self.repeats = False
        self.loses = False
        self._is_away = False
        self._writers: dict[Id, list[Writer]] = {}

    async def read(self, vpc_id: Id) -> Reader:
        if self._is_away:
            raise TopicUnavailable("the broker is away")
        reader = Reader(self)
        self.readers.setdefault(vpc_id, set()).add(reader)
        return reader

    def write(self, vpc_id: Id, turn: Callable[[], None]) -> Writer:
        writer = Writer(self, vpc_id, turn)
        writers = self._writers.setdefault(vpc_id, [])
        writers.append(writer)
        if writers == [writer] and not self._is_away:
            asyncio.get_running_loop().call_soon(turn)
        return writer

    def send(self, writer: Writer, vpc_id: Id, data: bytes, lost: Callable[[], None]) -> None:
        if self._is_away or self._writers.get(vpc_id, [None])[0] is not writer:
            asyncio.get_running_loop().call_soon(lost)
            return
        self.published += 1
        if self.loses:
            return
        for reader in self.readers.get(vpc_id, ()):
            for _ in range(2 if self.repeats else 1):
                reader.messages.put_nowait(data)

    def leave(self, writer: Writer, vpc_id: Id) -> None:
        writers = self._writers[vpc_id]
        had_turn = writers[0] is writer
        writers.remove(writer)
        if had_turn and writers and not self._is_away:
            asyncio.get_running_loop().call_soon(writers[0].turn)

    def pass_turns_on(self) -> None:
        """Have it be others' turn."""
        for writers in self._writers.values():
            if len(writers) > 1:
                writers.append(writers.pop(0))
                asyncio.get_running_loop().call_soon(writers[0].turn)

    def go_away(self) -> None:
        """The broker is killed: what is under way is lost."""
        self._is_away = True
        for readers in self.readers.values():
            for reader in readers:
                while not reader.messages.empty():
                    reader.messages.get_nowait()
                reader.messages.put_nowait(None)
        self.readers.clear()

    def come_back(self) -> None:
        """The broker runs again."""
        if self._is_away:
            self._is_away = False
            for writers in self._writers.values():
                if writers:
                    asyncio.get_running_loop().call_soon(writers[0].turn)
