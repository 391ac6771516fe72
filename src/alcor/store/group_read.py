"""Group read: reads of one kind that wait at the same time are done together, with the statements of one.

A read costs its thread, its transaction and its statements far more than the rows it finds. While one group is being
read the next one gathers, so groups grow with the load and a lone read waits for nobody.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from alcor.store.direct_reads import DirectReads
from alcor.store.foreseen import NotForeseen
from alcor.store.foresight import Foresee

Handler = Callable[[Connection, Sequence[Any]], Sequence[Any]]
Read = Callable[[Callable[[Connection], Any]], Awaitable[Any]]

_Waiting = list[tuple[Any, "asyncio.Future[Any]"]]


class GroupRead:
    """What waits to be read, by handler. ``read`` runs a query on a snapshot; ``direct`` reads what is foreseen."""

    def __init__(self, read: Read, direct: DirectReads) -> None:
        self._read, self._direct = read, direct
        self._waiting: dict[Handler, _Waiting] = {}  # of each handler that is at work
        self._at_work: set[asyncio.Task[None]] = set()

    async def submit(self, handler: Handler, request: Any, foresee: Foresee | None = None) -> Any:
        """The handler's result for the request. Raises what the handler raises or returns for it.

        ``foresee`` says what the handler will ask for, so that it is read directly, where that is possible.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(handler)
        if waiting is None:
            self._waiting[handler] = [(request, future)]
            task = asyncio.create_task(self._work(handler, foresee))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        else:
            waiting.append((request, future))
        return await future

    async def _work(self, handler: Handler, foresee: Foresee | None) -> None:
        while group := self._waiting[handler]:
            self._waiting[handler] = []
            await self._answer(handler, foresee, group)
        del self._waiting[handler]

    async def _answer(self, handler: Handler, foresee: Foresee | None, group: _Waiting) -> None:
        try:
            results = await self._results(handler, foresee, [request for request, _ in group])
        except Exception as error:
            if len(group) > 1:  # one may be to blame: nobody else is to have its error
                for alone in group:
                    await self._answer(handler, foresee, [alone])
                return
            results = [error]
        for (_, future), result in zip(group, results, strict=True):
            if future.done():  # its caller was cancelled
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    async def _results(self, handler: Handler, foresee: Foresee | None, requests: Sequence[Any]) -> Sequence[Any]:
        if foresee is not None:
            with contextlib.suppress(NotForeseen):
                found: Any = await self._direct.read(foresee(requests))
                return _checked(handler(found, requests), requests)
        results: Sequence[Any] = await self._read(lambda connection: _checked(handler(connection, requests), requests))
        return results


def _checked(results: Sequence[Any], requests: Sequence[Any]) -> Sequence[Any]:
    if len(results) != len(requests):
        raise RuntimeError(f"{len(results)} results were read for {len(requests)} requests")
    return results
