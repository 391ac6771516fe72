"""The agent's end of questions for names: one call each, to whichever manager is at hand."""

import asyncio
import contextlib
from typing import Any

import grpc

from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.dialling import channel_options, reason
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.fast_path.options import RESOLVE_METHOD, Keepalive
from alcor.channels.ncm_codec import decode_name_answer, encode_name_question
from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion
from alcor.channels.ways import Ways, direct

_MOST_CHANNELS = 8
_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class NameClient:
    """Asks managers by address; connections to the last few of them stay open."""

    def __init__(
        self,
        keepalive: Keepalive | None = None,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        self._keepalive, self._open_channel, self._ways = keepalive or Keepalive(), open_channel, ways
        self._channels: dict[str, Any] = {}
        self._open: dict[str, contextlib.AsyncExitStack] = {}  # address → what its channel needs, and the channel
        self._opening = asyncio.Lock()

    async def resolve(self, address: str, question: NameQuestion, timeout: float) -> NameAnswer:
        """What the manager at HOST:PORT or unix:PATH answers within a time (s). Raises NotAnswered."""
        try:
            call = (await self._channel(address)).unary_unary(RESOLVE_METHOD)
            return decode_name_answer(await call(encode_name_question(question), timeout=timeout))
        except MalformedMessage as error:
            raise NotAnswered(f"{address} gives a malformed answer: {error}") from error
        except OSError as error:
            raise NotAnswered(f"{address}: {error}") from error
        except grpc.aio.AioRpcError as error:
            if error.code() in _LOST:
                await self._close(address)  # the next connection goes the way, and shows the certificate, of then
            is_final = error.code() is grpc.StatusCode.PERMISSION_DENIED
            raise NotAnswered(f"{address}: {reason(error)}", is_final) from error

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*map(self._close, list(self._channels)))

    async def _channel(self, address: str) -> Any:
        async with self._opening:
            channel = self._channels.pop(address, None)
            if channel is None:
                channel = await self._opened(address)
            self._channels[address] = channel  # the last one used is the last
            if len(self._channels) > _MOST_CHANNELS:
                await self._close(next(iter(self._channels)))
            return channel

    async def _opened(self, address: str) -> Any:
        async with contextlib.AsyncExitStack() as stack:
            target = await stack.enter_async_context(self._ways(address))
            channel = self._open_channel(target, channel_options(self._keepalive))
            stack.push_async_callback(channel.close, grace=None)
            self._open[address] = stack.pop_all()
        return channel

    async def _close(self, address: str) -> None:
        self._channels.pop(address, None)
        if (stack := self._open.pop(address, None)) is not None:
            await stack.aclose()
