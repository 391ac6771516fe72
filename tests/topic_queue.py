"""A message queue in this process, that can be away, lose messages and deliver them twice."""

import asyncio
from collections.abc import Callable

from alcor.channels.topics import TopicUnavailable


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
    def __init__(self, queue: "TopicQueueInProcess", topic: str, turn: Callable[[], None]) -> None:
        self._queue, self._topic, self.turn = queue, topic, turn

    def send(self, data: bytes, lost: Callable[[], None]) -> None:
        self._queue.send(self, self._topic, data, lost)

    def close(self) -> None:
        self._queue.leave(self, self._topic)


class TopicQueueInProcess:
    """A TopicQueue. Of those who would publish it is the turn of the first."""

    def __init__(self) -> None:
        self.readers: dict[str, set[Reader]] = {}
        self.published = 0
        self.repeats = False
        self.loses = False
        self._is_away = False
        self._writers: dict[str, list[Writer]] = {}

    @property
    def topics(self) -> set[str]:
        """Those that somebody publishes on, or would."""
        return {topic for topic, writers in self._writers.items() if writers}

    async def read(self, topic: str) -> Reader:
        if self._is_away:
            raise TopicUnavailable("the broker is away")
        reader = Reader(self)
        self.readers.setdefault(topic, set()).add(reader)
        return reader

    def write(self, topic: str, turn: Callable[[], None]) -> Writer:
        writer = Writer(self, topic, turn)
        writers = self._writers.setdefault(topic, [])
        writers.append(writer)
        if writers == [writer] and not self._is_away:
            asyncio.get_running_loop().call_soon(turn)
        return writer

    def send(self, writer: Writer, topic: str, data: bytes, lost: Callable[[], None]) -> None:
        if self._is_away or self._writers.get(topic, [None])[0] is not writer:
            asyncio.get_running_loop().call_soon(lost)
            return
        self.published += 1
        if self.loses:
            return
        for reader in self.readers.get(topic, ()):
            for _ in range(2 if self.repeats else 1):
                reader.messages.put_nowait(data)

    def leave(self, writer: Writer, topic: str) -> None:
        writers = self._writers[topic]
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
