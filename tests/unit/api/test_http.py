import asyncio
from typing import Any

import pytest

from alcor.api.http import read_body


async def _must_not_be_asked() -> Any:
    raise AssertionError("the server was asked for a body that nobody announced")


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"0")]])
def test_a_body_that_nobody_announced_is_not_waited_for(headers: list[tuple[bytes, bytes]]) -> None:
    assert asyncio.run(read_body({"headers": headers}, _must_not_be_asked)) == b""


@pytest.mark.parametrize(
    "headers", [[(b"content-length", b"4")], [(b"transfer-encoding", b"chunked")], [(b"content-length", b"?")]]
)
def test_a_body_that_was_announced_is_read_to_its_end(headers: list[tuple[bytes, bytes]]) -> None:
    parts = iter([(b"ab", True), (b"cd", False)])

    async def receive() -> Any:
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    assert asyncio.run(read_body({"headers": headers}, receive)) == b"abcd"
