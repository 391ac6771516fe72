"""Nothing escapes from a sandbox, and nothing of it remains."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alcor.testbed.sandbox import CommandFailed, Sandbox
from tests.e2e.testbed.remains import Namespaces, everything_is_gone, inhabitants, namespaces_of

pytestmark = pytest.mark.root

# Escapes its parent, its session and its process group, and does not listen to friendly signals.
_STUBBORN = "trap '' TERM INT HUP; (setsid sh -c 'sleep 1000 & sleep 1001' > /dev/null 2>&1 &)"

_OWNER = f"""
import sys, time
from alcor.testbed.sandbox import Sandbox
with Sandbox() as sandbox:
    sandbox.run("ip", "netns", "add", "host")
    sandbox.run("sh", "-c", {_STUBBORN!r})
    sandbox.popen("sleep", "1002")
    print(sandbox.process_id, flush=True)
    {{ending}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@contextlib.contextmanager
def owner(ending: str) -> Iterator[tuple["subprocess.Popen[bytes]", Namespaces]]:
    """A process with a full sandbox, and the sandbox's namespaces."""
    command = [sys.executable, "-c", _OWNER.format(ending=ending)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, namespaces_of(int(process.stdout.readline()))
        finally:
            process.kill()


def test_a_command_says_what_it_printed_and_why_it_failed(sandbox: Sandbox) -> None:
    assert sandbox.run("cat", stdin="hello") == "hello"
    with pytest.raises(CommandFailed, match="no way"):
        sandbox.run("sh", "-c", "echo no way >&2; exit 3")
    with pytest.raises(CommandFailed, match="not done after"):
        sandbox.run("sleep", "10", timeout=0.1)


def test_its_run_directory_and_network_namespaces_are_its_own(sandbox: Sandbox) -> None:
    sandbox.run("ip", "netns", "add", "seen-only-inside")
    sandbox.run("touch", "/run/seen-only-inside")
    assert "seen-only-inside" in sandbox.run("ip", "netns")
    assert "seen-only-inside" not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout
    assert sandbox.outside("/run/seen-only-inside").exists()
    assert not Path("/run/seen-only-inside").exists()


def test_two_at_once_do_not_see_each_other(sandbox: Sandbox) -> None:
    with Sandbox() as other:
        for each in (sandbox, other):
            each.run("ip", "netns", "add", "host")
        sandbox.run("touch", "/run/mine")
        assert not other.outside("/run/mine").exists()


def test_closing_ends_everything() -> None:
    with Sandbox() as sandbox:
        namespaces = namespaces_of(sandbox.process_id)
        sandbox.run("sh", "-c", _STUBBORN)
        program = sandbox.popen("sleep", "1000")
        assert len(inhabitants(namespaces)) >= 4
    assert program.returncode == -signal.SIGKILL
    assert inhabitants(namespaces) == []
    sandbox.close()


def test_a_failure_ends_everything() -> None:
    with owner("sys.stdin.read(); raise SystemExit(7)") as (process, namespaces):
        assert len(inhabitants(namespaces)) >= 5
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 7
        everything_is_gone(namespaces)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_everything(number: signal.Signals) -> None:
    with owner("time.sleep(1000)") as (process, namespaces):
        assert len(inhabitants(namespaces)) >= 5
        process.send_signal(number)
        assert process.wait(30) != 0
        everything_is_gone(namespaces)
