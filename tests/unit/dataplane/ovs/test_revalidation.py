"""Waiting until packets notice a change of flows: neither too short nor for a pass that has been."""

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
    revalidation.forget()
    await waits.close()
    await commands.close()


async def expected(switch: Switch, revalidation: Revalidation) -> None:
    await revalidation.expect()
    assert await switch.read() == "revalidator/wait"


async def is_followed_by_another(switch: Switch, waiting: "asyncio.Task[None]") -> None:
    """The pass ends, and only with the next one who waits goes on."""
    switch.end_pass()
    assert await switch.reads("upcall/show")
    assert await switch.reads("revalidator/wait")
    assert not waiting.done()
    switch.end_pass()
    await waiting


async def test_nobody_waits_for_what_was_not_expected(revalidation: Revalidation) -> None:
    await revalidation.wait()


async def test_a_switch_that_may_have_slept_over_the_end_of_a_pass_is_woken(
    switch: Switch, revalidation: Revalidation
) -> None:
    await expected(switch, revalidation)
    waiting = asyncio.create_task(revalidation.wait())
    for _ in range(2):
        assert await switch.read() == "version"
    switch.end_pass()
    assert await switch.reads("upcall/show")
    await waiting


async def test_a_pass_that_began_after_the_change_is_enough(switch: Switch, revalidation: Revalidation) -> None:
    await expected(switch, revalidation)
    waiting = asyncio.create_task(revalidation.wait())
    switch.end_pass()
    assert await switch.reads("upcall/show")
    await waiting


async def test_a_pass_that_began_before_the_change_is_followed_by_another(
    switch: Switch, revalidation: Revalidation
) -> None:
    await expected(switch, revalidation)
    switch.duration = 60_000
    waiting = asyncio.create_task(revalidation.wait())
    await is_followed_by_another(switch, waiting)


@pytest.mark.parametrize(("duration", "ends_early"), [(20, False), (1, True)])
async def test_a_pass_that_may_have_begun_while_a_busy_switch_changed_is_followed_by_another(
    switch: Switch, revalidation: Revalidation, monkeypatch: pytest.MonkeyPatch, duration: int, ends_early: bool
) -> None:
    monkeypatch.setattr("alcor.dataplane.ovs.revalidation._BETWEEN_PASSES_SECONDS", 60)
    await expected(switch, revalidation)
    switch.duration = duration
    if ends_early:
        switch.end_pass()
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(revalidation.wait())
    await is_followed_by_another(switch, waiting)


async def test_a_pass_whose_end_is_heard_of_late_may_have_begun_before_the_change_and_is_followed_by_another(
    switch: Switch, revalidation: Revalidation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alcor.dataplane.ovs.revalidation._BETWEEN_PASSES_SECONDS", 60)
    await expected(switch, revalidation)
    waiting = asyncio.create_task(revalidation.wait())
    await asyncio.sleep(0.05)
    await is_followed_by_another(switch, waiting)


async def test_a_following_pass_that_has_been_is_not_waited_for(
    switch: Switch, revalidation: Revalidation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alcor.dataplane.ovs.revalidation._FOLLOWING_DURATIONS", 0)
    await expected(switch, revalidation)
    switch.duration = 60_000
    waiting = asyncio.create_task(revalidation.wait())
    switch.end_pass()
    assert await switch.reads("upcall/show")
    await waiting
    await expected(switch, revalidation)


async def test_without_a_switch_nobody_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    revalidation = Revalidation(ControlSocket(tmp_path), ControlSocket(tmp_path))
    for _ in range(2):
        await revalidation.expect()
        await revalidation.wait()
    (warning,) = caplog.messages
    assert warning.startswith("changed flows may take a moment to take effect: no control socket")
