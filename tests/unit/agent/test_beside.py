"""Work beside a block ends with it, and neither goes on where the other has failed."""

import asyncio

import pytest

from alcor.agent.beside import beside


async def for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("work")


async def fail() -> None:
    raise ValueError("no more")


async def test_work_ends_with_the_block() -> None:
    ended: list[str] = []
    async with beside(for_ever(ended), asyncio.sleep(0)):
        await asyncio.sleep(0.01)
        assert ended == []
    assert ended == ["work"]


async def test_work_that_fails_ends_the_block_and_the_other_work() -> None:
    ended: list[str] = []
    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.timeout(10), beside(for_ever(ended), fail()):
            await asyncio.Event().wait()
    assert [str(error) for error in raised.value.exceptions] == ["no more"]
    assert ended == ["work"]


async def test_a_block_that_fails_ends_the_work() -> None:
    ended: list[str] = []
    with pytest.raises(ExceptionGroup, match="unhandled"):
        async with beside(for_ever(ended)):
            await asyncio.sleep(0)
            raise KeyError("gone")
    assert ended == ["work"]
