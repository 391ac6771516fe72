"""Messages of the enrolment (trust.proto) on a stream of bytes: the length in four bytes, then the message."""

import asyncio
from typing import TypeVar

from google.protobuf.message import Message

from alcor.channels.checks import MalformedMessage, parse

LONGEST = 64 * 1024

_Message = TypeVar("_Message", bound=Message)


async def read_message(reader: asyncio.StreamReader, kind: type[_Message]) -> _Message:
    """The next message. Raises MalformedMessage, also when the stream ends instead."""
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > LONGEST:
            raise MalformedMessage(f"a message of {length} bytes is too long")
        return parse(kind, await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise MalformedMessage("the connection ended before a message did") from error


async def write_message(writer: asyncio.StreamWriter, message: Message) -> None:
    """Send a message."""
    data = message.SerializeToString()
    writer.write(len(data).to_bytes(4, "big") + data)
    await writer.drain()
