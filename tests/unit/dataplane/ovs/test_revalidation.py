"""Waiting until packets notice a change of flows: for a pass that began when the switch knew, and for no more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.jsonrpc import MessageSplitter
from alcor.dataplane.ovs.revalidation import Revalidation
from alcor.testbed.waiting import until


class Command(NamedTuple):
    method: str
    identity: int
    writer: asyncio.StreamWriter

    def answer(self, text: str) -> None:
        self.writer.write(json.dumps({"id": self.identity, "result": text, "error": None}).encode())


class Switch:
    """The control socket of an ovs-vswitchd that reads when it is told to, and passes over its cache when told to."""

    def __init__(self) -> None:
        self.duration = 1
        self.waiting: list[Command] = []
        self._arrived: asyncio.Queue[Command] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = MessageSplitter()
        while data := await reader.read(65536):
            for text in splitter.feed(data):
                message: dict[str, Any] = json.loads(text)
                self._arrived.put_nowait(Command(message["method"], message["id"], writer))
        writer.close()

    async def read(self) -> str:
        """Read the next command and answer it, unless it asks to wait. Returns what it was."""
        command = await self._arrived.get()
        if command.method == "revalidator/wait":
            self.waiting.append(command)
        elif command.method == "upcall/show":
            command.answer(f"netdev@ovs-netdev:\n  flows : (current 3)\n  dump duration : {self.duration}ms\n")
        else:
            command.answer("")
        return command.method

    async def reads(self, method: str) -> bool:
        """Read up to this command, past any that only wake the switch. False when another comes."""
        while (read := await self.read()) == "version":
            pass
        return read == method

    def end_pass(self) -> None:
        while self.waiting:
            self.waiting.pop().answer("")


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Switch]:
    switch = Switch()
    server = await asyncio.start_unix_server(switch.serve, directory / "ovs-vswitchd.1.ctl")
    yield switch
    server.close()


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Switch]:
    async with running(tmp_path) as switch:
        yield switch


@pytest.fixture
async def revalidation(tmp_path: Path, switch: Switch) -> AsyncIterator[Revalidation]:
    waits, commands = ControlSocket(tmp_path), ControlSocket(tmp_path)
    revalidation = Revalidation(waits, commands)
    yield revalidation
    await waits.close()
    await commands.close()


class Waiting:
    """Somebody who waits until packets notice a change, on a switch that takes its time."""

    def __init__(self, switch: Switch, revalidation: Revalidation) -> None:
        self._switch = switch
        self.started = 0
        self.task = asyncio.create_task(revalidation.wait(self._start_pass))

    async def _start_pass(self) -> None:
        self.started += 1

    async def knows_of_the_change(self) -> None:
        """The switch's main loop has gone round."""
        for _ in range(2):
            assert not self.started
            assert await self._switch.read() == "version"

    async def sees_a_pass(self) -> None:
        """One is waited for, is started, and ends."""
        started = self.started
        assert await self._switch.reads("revalidator/wait")
        await until(lambda: self.started == started + 1, "the pass to be started")
        assert not self.task.done()
        self._switch.end_pass()
        assert await self._switch.reads("upcall/show")


@pytest.mark.parametrize(("milliseconds", "passes"), [(1, 1), (60_000, 2)])
async def test_a_pass_is_enough_unless_it_may_have_begun_before_the_switch_knew(
    switch: Switch, revalidation: Revalidation, milliseconds: int, passes: int
) -> None:
    switch.duration = milliseconds
    waiting = Waiting(switch, revalidation)
    await waiting.knows_of_the_change()
    for _ in range(passes):
        await waiting.sees_a_pass()
    await waiting.task
    assert waiting.started == passes


async def test_a_switch_that_may_have_slept_over_the_end_of_a_pass_is_woken(
    switch: Switch, revalidation: Revalidation
) -> None:
    waiting = Waiting(switch, revalidation)
    await waiting.knows_of_the_change()
    assert await switch.read() == "revalidator/wait"
    for _ in range(2):
        assert await switch.read() == "version"
    switch.end_pass()
    assert await switch.reads("upcall/show")
    await waiting.task


async def test_a_switch_that_goes_away_is_not_waited_for(revalidation: Revalidation, switch: Switch) -> None:
    async def start_pass() -> None:
        raise ConnectionError("the session is lost")

    waiting = asyncio.create_task(revalidation.wait(start_pass))
    for _ in range(2):
        assert await switch.read() == "version"
    await waiting


async def test_without_a_switch_nobody_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def start_pass() -> None:
        raise AssertionError("there is no switch")

    revalidation = Revalidation(ControlSocket(tmp_path), ControlSocket(tmp_path))
    for _ in range(2):
        await revalidation.wait(start_pass)
    (warning,) = caplog.messages
    assert warning.startswith("changed flows may take a moment to take effect: no control socket")
