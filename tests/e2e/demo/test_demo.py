"""``alcor demo`` keeps its promises, says when one does not hold, and leaves nothing behind, however it ends."""

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.testbed.remains import Namespaces, everything_is_gone, namespaces_of
from tests.processes import free_port

pytestmark = pytest.mark.root

_SECONDS = 100.0


class Demo:
    """A running demo."""

    def __init__(self, *arguments: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "alcor", "demo", "--listen", self.address, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.output = ""

    def read_until(self, text: str) -> None:
        """Read what it prints until this was printed."""
        assert self.process.stdout is not None
        while text not in self.output:
            line = self.process.stdout.readline()
            assert line, self.output
            self.output += line

    def finish(self) -> int:
        """Read the rest; the exit code."""
        output, _ = self.process.communicate(timeout=_SECONDS)
        self.output += output
        return self.process.returncode

    def sandbox(self) -> Namespaces:
        """The namespaces of its sandbox."""
        return namespaces_of(self._program("unshare").pid)

    def kill_controller(self) -> None:
        self._program("controller").kill()

    def _program(self, word: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if word in child.cmdline())


@pytest.fixture
def start() -> Iterator[Callable[..., Demo]]:
    """Starts demos, and kills what still runs of them at the end."""
    with contextlib.ExitStack() as stack:

        def start_one(*arguments: str) -> Demo:
            demo = Demo(*arguments)
            stack.callback(demo.process.communicate)
            stack.callback(demo.process.kill)
            return demo

        yield start_one


def test_every_promise_holds_and_nothing_is_left(start: Callable[..., Demo]) -> None:
    demo = start("--hosts", "2", "--workloads", "4")
    demo.read_until("hosts connected")
    sandbox = demo.sandbox()
    assert demo.finish() == 0, demo.output
    assert "promises held" in demo.output
    assert "✗" not in demo.output
    everything_is_gone(sandbox)


def test_one_host_is_enough(start: Callable[..., Demo]) -> None:
    demo = start("--hosts", "1", "--workloads", "4")
    assert demo.finish() == 0, demo.output
    assert "no other host to move to" in demo.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_demo_leaves_nothing(start: Callable[..., Demo], number: signal.Signals) -> None:
    demo = start("--hosts", "2", "--workloads", "4")
    demo.read_until("ACTIVE")
    sandbox = demo.sandbox()
    demo.process.send_signal(number)
    assert demo.finish() == (130 if number == signal.SIGINT else -number)
    everything_is_gone(sandbox)


def test_a_kept_demo_serves_its_api_until_it_is_interrupted(start: Callable[..., Demo]) -> None:
    demo = start("--hosts", "2", "--workloads", "4", "--keep")
    demo.read_until("until you press Ctrl-C")
    sandbox = demo.sandbox()
    ports = httpx.get(f"http://{demo.address}/v2.0/ports").json()["ports"]
    assert len(ports) == 3  # one of the four was deleted on the way
    demo.process.send_signal(signal.SIGINT)
    assert demo.finish() == 0, demo.output
    everything_is_gone(sandbox)


def test_the_commands_that_a_kept_demo_prints_work(start: Callable[..., Demo]) -> None:
    demo = start("--hosts", "2", "--workloads", "4", "--keep")
    demo.read_until("controller.log")
    _, _, text = demo.output.partition("Go inside")
    enter, *commands = (line.strip() for line in text.splitlines() if line.startswith("  "))
    assert len(commands) == 7
    for command in commands:
        done = subprocess.run([*enter.split(), *command.split()], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout
    openstack = next(line.split() for line in demo.output.splitlines() if "openstack" in line)
    program = Path(sys.executable).parent / openstack[0]
    shown = subprocess.run([program, *openstack[1:]], capture_output=True, text=True, check=False)
    assert "red-1" in shown.stdout, shown.stderr


def test_what_does_not_hold_is_said_and_fails_the_demo(start: Callable[..., Demo]) -> None:
    demo = start("--hosts", "2", "--workloads", "4")
    demo.read_until("hosts connected")
    sandbox = demo.sandbox()
    demo.kill_controller()
    assert demo.finish() == 1
    assert "the controller does not answer" in demo.output
    assert "did not hold" in demo.output
    everything_is_gone(sandbox)


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = subprocess.run(
            [sys.executable, "-m", "alcor", "demo", "--listen", address], capture_output=True, text=True, check=False
        )
        assert result.returncode == 1
        assert f"cannot listen at {address}" in result.stderr
        assert "Traceback" not in result.stderr
