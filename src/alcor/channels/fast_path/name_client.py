"""The agent's end of questions for names: one call each, to whichever manager is at hand."""

import asyncio
from typing import Any

import grpc

from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.dialling import channel_options, reason
from alcor.channels.fast_path.opening import NoCredentials, OpenChannel, open_plain
from alcor.channels.fast_path.options import RESOLVE_METHOD, Keepalive
from alcor.channels.ncm_codec import decode_name_answer, encode_name_question
from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion

_MOST_CHANNELS = 8


class NameClient:
    """Asks managers by address; connections to the last few of them stay open."""

    def __init__(self, keepalive: Keepalive | None = None, open_channel: OpenChannel = open_plain) -> None:
        self._keepalive, self._open_channel = keepalive or Keepalive(), open_channel
        self._channels: dict[str, Any] = {}

    async def resolve(self, address: str, question: NameQuestion, timeout: float) -> NameAnswer:
        """What the manager at HOST:PORT or unix:PATH answers within a time (s). Raises NotAnswered."""
        try:
            call = (await self._channel(address)).unary_unary(RESOLVE_METHOD)
            return decode_name_answer(await call(encode_name_question(question), timeout=timeout))
        except MalformedMessage as error:
            raise NotAnswered(f"{address} gives a malformed answer: {error}") from error
        except NoCredentials as error:
            raise NotAnswered(f"{address}: {error}") from error
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                await self._forget(address)  # the next connection shows the certificate that there is by then
            is_final = error.code() is grpc.StatusCode.PERMISSION_DENIED
            raise NotAnswered(f"{address}: {reason(error)}", is_final) from error

    async def close(self) -> None:
        """Close all connections."""
        channels, self._channels = self._channels, {}
        await asyncio.gather(*(channel.close() for channel in channels.values()))

    async def _channel(self, address: str) -> Any:
        channel = self._channels.pop(address, None)
        if channel is None:
            channel = self._open_channel(address, channel_options(self._keepalive))
        self._channels[address] = channel  # the last one used is the last
        if len(self._channels) > _MOST_CHANNELS:
            oldest = next(iter(self._channels))
            await self._forget(oldest)
        return channel

    async def _forget(self, address: str) -> None:
        if (channel := self._channels.pop(address, None)) is not None:
            await channel.close()
