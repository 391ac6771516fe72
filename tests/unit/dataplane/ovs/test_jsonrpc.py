"""JSON-RPC messages come out whole however the stream is cut, and a broken stream ends the connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alcor.dataplane.ovs.jsonrpc import JsonRpc, MessageSplitter, RpcError, connect

texts = st.text(st.sampled_from('ab"\\{}[]é'), max_size=8)
values = st.recursive(
    texts | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
messages = st.dictionaries(texts, values, max_size=4)


@given(st.lists(messages, max_size=5), st.integers(1, 50))
@example([{"backslash before a quote": "\\"}], 1)
@example([{"a": '\\"'}, {"b": "}{"}], 1)
def test_messages_come_out_whole_in_any_cut(sent: list[dict[str, Any]], cut: int) -> None:
    stream = b"".join(json.dumps(message, ensure_ascii=False).encode() for message in sent)
    splitter = MessageSplitter()
    received = [text for start in range(0, len(stream), cut) for text in splitter.feed(stream[start : start + cut])]
    assert [json.loads(text) for text in received] == sent


def test_a_closing_brace_without_its_opening_one_is_an_error() -> None:
    with pytest.raises(RpcError, match="without its opening one"):
        MessageSplitter().feed(b"{}}")


@given(st.binary(max_size=200))
def test_garbage_is_cut_or_refused(data: bytes) -> None:
    splitter = MessageSplitter()
    try:
        complete = splitter.feed(data)
    except RpcError:
        return
    assert all(text.endswith(b"}") for text in complete)


Answer = Callable[[dict[str, Any]], bytes]


@asynccontextmanager
async def server(directory: Path, answer: Answer) -> AsyncIterator[Path]:
    """Answers each message with bytes; hangs up when there are none."""
    served: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        splitter = MessageSplitter()
        while data := await reader.read(65536):
            for text in splitter.feed(data):
                if not (reply := answer(json.loads(text))):
                    writer.close()
                    return
                writer.write(reply)
        writer.close()

    listening = await asyncio.start_unix_server(serve, directory / "s")
    try:
        yield directory / "s"
    finally:
        listening.close()
        await asyncio.gather(*(task for task in served if task is not None))


async def with_client(directory: Path, answer: Answer, work: Callable[[JsonRpc], Awaitable[None]]) -> None:
    async with server(directory, answer) as socket:
        client = await connect(socket)
        try:
            await work(client)
        finally:
            await client.close()


def echo(message: dict[str, Any]) -> bytes:
    return json.dumps({"id": message["id"], "result": message["params"], "error": None}).encode()


async def test_each_call_gets_its_own_answer_in_any_order(tmp_path: Path) -> None:
    waiting: list[dict[str, Any]] = []

    def answer_backwards(message: dict[str, Any]) -> bytes:
        waiting.append(message)
        return b"".join(echo(each) for each in reversed(waiting)) if len(waiting) == 3 else b" "

    async def work(client: JsonRpc) -> None:
        assert await asyncio.gather(*(client.call("m", number) for number in range(3))) == [[0], [1], [2]]

    await with_client(tmp_path, answer_backwards, work)


async def test_a_refusal_is_an_error_of_that_call_only(tmp_path: Path) -> None:
    def refuse(message: dict[str, Any]) -> bytes:
        if message["method"] == "good":
            return echo(message)
        return json.dumps({"id": message["id"], "result": None, "error": "unknown method"}).encode()

    async def work(client: JsonRpc) -> None:
        with pytest.raises(RpcError, match="unknown method"):
            await client.call("bad")
        assert await client.call("good") == []

    await with_client(tmp_path, refuse, work)


async def test_a_call_nobody_waits_for_any_more_disturbs_no_other(tmp_path: Path) -> None:
    async def work(client: JsonRpc) -> None:
        client.begin("given up").cancel()
        assert await client.call("next", 1) == [1]

    await with_client(tmp_path, echo, work)


async def test_the_server_is_told_that_we_live(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []

    def probe(message: dict[str, Any]) -> bytes:
        heard.append(message)
        if "method" not in message:
            return echo({"id": 1, "params": "done"})
        return b'{"id": "probe", "method": "echo", "params": [7]}'

    async def work(client: JsonRpc) -> None:
        assert await client.call("m") == "done"
        assert heard[-1] == {"id": "probe", "result": [7], "error": None}

    await with_client(tmp_path, probe, work)


@pytest.mark.parametrize(
    "reply",
    [b"", b"}", b'{"id": }', b'[1, {"id": 1}', b'{"method": 7}', b"\xff{}"],
    ids=["hangs up", "brace", "no value", "no object", "a number for a method", "no text"],
)
async def test_whoever_waits_is_told_when_the_connection_breaks(tmp_path: Path, reply: bytes) -> None:
    async def work(client: JsonRpc) -> None:
        with pytest.raises(ConnectionError):
            await client.call("m")
        with pytest.raises(ConnectionError):
            await client.call("m")

    await with_client(tmp_path, lambda message: reply, work)


@pytest.mark.parametrize("reply", [b"{}", b'{"id": [1]}', b'{"id": "1", "result": 2}', b'{"id": 99}'])
async def test_an_answer_to_nobody_is_passed_over(tmp_path: Path, reply: bytes) -> None:
    async def work(client: JsonRpc) -> None:
        assert await client.call("m", 5) == [5]

    await with_client(tmp_path, lambda message: reply + echo(message), work)
