"""A host's stream to a Network Config Manager, in the test's own hands."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc

from alcor.channels.fast_path.options import ASK_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.ncm_codec import encode_hello, encode_questions
from alcor.channels.ncm_messages import NcmHello, Questions, VpcQuestions

VNI = 7
QUESTION: Questions = {VNI: VpcQuestions(ipv4={1})}


@contextlib.asynccontextmanager
async def asking(address: str) -> AsyncIterator[Any]:
    """The stream of a host that asks, and reads when the test does."""
    channel: Any = grpc.aio.insecure_channel(address, options=Keepalive().options())
    stream = channel.stream_stream(ASK_METHOD)()
    await stream.write(encode_hello(NcmHello("host-0", b"b" * 16)))
    await stream.write(encode_questions(QUESTION))
    yield stream
    await channel.close(grace=None)


async def end_of(stream: Any) -> tuple[grpc.StatusCode, str]:
    """Read on until the stream ends."""
    try:
        async with asyncio.timeout(10):
            while await stream.read() is not END_OF_STREAM:
                pass
            return await stream.code(), await stream.details()
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
