"""What the server's ends of all streams do alike: read the hello, and end a call with a reason."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import grpc

from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.options import END_OF_STREAM

log = logging.getLogger(__name__)

Status = tuple[grpc.StatusCode, str]
"""How a call ends, and what the other side is told."""

_Hello = TypeVar("_Hello")


async def read_hello(context: Any, kind: type[_Hello], decode: Callable[[bytes], object], timeout: float) -> _Hello:
    """The first message of a call, which must be a hello of this kind and come in time (s); else the call ends."""
    try:
        async with asyncio.timeout(timeout):
            data = await context.read()
        message = None if data is END_OF_STREAM else decode(data)
    except TimeoutError:
        await abort(context, grpc.StatusCode.DEADLINE_EXCEEDED, "no hello came in time")
    except MalformedMessage as error:
        await abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
    if not isinstance(message, kind):
        await abort(context, grpc.StatusCode.INVALID_ARGUMENT, "the first message must be a hello")
    return message


async def abort(context: Any, code: grpc.StatusCode, reason: str) -> NoReturn:
    """End the call, saying why."""
    await context.abort(code, reason)
    raise AssertionError("abort does not return")


class Ending:
    """How a stream is to end, once it is. Who says so first decides."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._told = asyncio.Event()

    def tell(self, code: grpc.StatusCode, reason: str) -> None:
        """End the stream."""
        self._status = self._status or (code, reason)
        self._told.set()

    async def told(self) -> Status:
        """Wait until it is to end; returns how."""
        await self._told.wait()
        assert self._status is not None, "it was told how"
        return self._status


async def exchange(who: str, context: Any, ending: Ending, *work: Coroutine[Any, Any, None]) -> Status | None:
    """Receive and send, which is the ``work``, until a part of it ends or fails, or the stream is told to end.

    Returns how the call must end, or None when the peer has gone.
    """
    ended, *tasks = asyncio.create_task(ending.told()), *map(asyncio.create_task, work)
    try:
        await asyncio.wait((ended, *tasks), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (ended, *tasks):
            task.cancel()
        await asyncio.gather(ended, *tasks, return_exceptions=True)
    if not ended.cancelled():
        return ended.result()
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            return status_of(who, context, error)
    return None


def status_of(who: str, context: Any, error: BaseException) -> Status | None:
    """How a call ends in which this was raised, which is logged; None when the peer has gone."""
    if isinstance(error, MalformedMessage):
        log.warning("%s sent a malformed message: %s", who, error)
        return grpc.StatusCode.INVALID_ARGUMENT, str(error)
    if context.cancelled():
        return None
    log.error("%s: the stream failed", who, exc_info=error)
    return grpc.StatusCode.INTERNAL, "the controller failed to serve this stream"
