"""The threads that read: queries wait in one line, and a thread that is at work takes one after the other.

Handing a query to a thread, and its result back, is a part of what a short read costs; an executor of the standard
library takes twice as long for it.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_Waiting = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Readers:
    """Threads that run queries for the event loop which makes them.

    ``at_once`` of them are at work when there is enough to do; more only where a query has waited for
    ``patience`` seconds: a short read must not stand behind a long one.
    """

    def __init__(self, threads: int, at_once: int, patience: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._at_once, self._patience = at_once, patience
        self._lock = threading.Lock()  # of the three that follow
        self._waiting: deque[_Waiting] = deque()
        self._at_work = 0
        self._moved = False  # whether a query was begun since the last look
        self._calls: SimpleQueue[bool] = SimpleQueue()  # whether the thread that hears it is to work, or to end
        self._looks_again: asyncio.TimerHandle | None = None
        self._threads = [
            threading.Thread(target=self._run, name=f"alcor-reader-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def submit(self, query: Callable[[], Any]) -> Any:
        """The query's result. Raises what the query raises."""
        future: asyncio.Future[Any] = self._loop.create_future()
        with self._lock:
            self._waiting.append((query, future))
            wanted = self._at_work < self._at_once
            self._at_work += wanted
        if wanted:
            self._calls.put(True)
        elif self._looks_again is None and self._at_once < len(self._threads):
            self._looks_again = self._loop.call_later(self._patience, self._look_again)
        return await future

    def close(self) -> None:
        """Finish what waits; nothing is submitted any more."""
        for _ in self._threads:
            self._calls.put(False)
        for thread in self._threads:
            thread.join()

    def _look_again(self) -> None:
        """Have another thread work, too, where the line has not moved."""
        self._looks_again = None
        with self._lock:
            if not self._waiting:
                return
            wanted = not self._moved and self._at_work < len(self._threads)
            self._at_work += wanted
            self._moved = False
        if wanted:
            self._calls.put(True)
        self._looks_again = self._loop.call_later(self._patience, self._look_again)

    def _run(self) -> None:
        while self._calls.get():
            was_slow = False
            while (each := self._next(was_slow)) is not None:
                began = time.monotonic()
                self._carry_out(*each)
                was_slow = time.monotonic() - began > self._patience / 2

    def _next(self, was_slow: bool) -> _Waiting | None:
        """What a thread at work is to do next; None when it is to rest, as one does that others had to stand in for."""
        with self._lock:
            if self._waiting and not (was_slow and self._at_work > self._at_once):
                self._moved = True
                return self._waiting.popleft()
            self._at_work -= 1
            return None

    def _carry_out(self, query: Callable[[], Any], future: "asyncio.Future[Any]") -> None:
        if future.cancelled():
            return
        try:
            result, error = query(), None
        except BaseException as raised:
            result, error = None, raised
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
            self._loop.call_soon_threadsafe(_answer, future, result, error)


def _answer(future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if future.done():  # its caller was cancelled
        return
    if isinstance(error, StopIteration | SystemExit | KeyboardInterrupt | GeneratorExit):
        error = RuntimeError(f"a query raised {error!r}")  # what no future accepts, or would end the event loop
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
