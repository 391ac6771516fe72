"""Sockets of an agent with itself leave nothing behind, and work wherever its data directory is."""

import asyncio
from pathlib import Path

import pytest

from alcor.agent.rescue.doors import Doors
from tests.unit.agent.rescue.test_relay import say_back


@pytest.fixture(params=["short", "long"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / ("rescue" if request.param == "short" else "x" * 200)


def content(directory: Path) -> list[str] | None:
    return [each.name for each in directory.iterdir()] if directory.exists() else None


async def test_it_may_be_entered_however_long_the_path_is(directory: Path) -> None:
    doors = Doors(directory)
    with doors.path() as one, doors.path() as other:
        for path in (one, other):
            async with await asyncio.start_unix_server(say_back, path):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(b"hello")
                assert await reader.readexactly(5) == b"hello"
                writer.close()
    assert content(directory) == []
    doors.close()
    assert content(directory) is None


def test_what_an_earlier_life_left_is_gone(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    (directory / "1").touch()
    with Doors(directory).path():
        assert content(directory) == []
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_door_may_be_left_after_all_were_closed(directory: Path) -> None:
    doors = Doors(directory)
    with doors.path():
        doors.close()
    assert content(directory) is None
