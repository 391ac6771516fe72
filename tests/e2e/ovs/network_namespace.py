"""Network namespaces for tests, and threads that live in one."""

import asyncio
import ctypes
import itertools
import os
import subprocess
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_serial = itertools.count()


_PREFIX = "alcor-ovs"
UNTIL_WE_END = ("setpriv", "--pdeathsig", "KILL")
"""In front of a command: it does not outlive the tests, even when these are killed."""


def run(*command: str, check: bool = True, timeout: float = 30) -> str:
    """Run a command and return what it printed; its complaint becomes the exception's text."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Namespace:
    """A network namespace of its own."""

    def __init__(self, purpose: str) -> None:
        self.name = f"{_PREFIX}-{os.getpid()}-{next(_serial)}-{purpose}"
        run("ip", "netns", "add", self.name)
        run("ip", "-n", self.name, "link", "set", "lo", "up")

    def ip(self, *arguments: str) -> str:
        """``ip`` inside."""
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command: str, check: bool = True) -> str:
        """A command inside."""
        return run("ip", "netns", "exec", self.name, *command, check=check)

    def popen(self, *command: str, **options: Any) -> "subprocess.Popen[bytes]":
        """A command inside, running on until it ends or we do. The process is the command itself."""
        return subprocess.Popen(["ip", "netns", "exec", self.name, *UNTIL_WE_END, *command], **options)

    def inside(self, work: Callable[[], T]) -> T:
        """Call a function in a thread that is inside; sockets it opens belong to the namespace."""
        outcome: Future[T] = Future()

        def enter_and_work() -> None:
            try:
                self.enter()
                outcome.set_result(work())
            except BaseException as error:
                outcome.set_exception(error)

        thread = threading.Thread(target=enter_and_work, daemon=True)
        thread.start()
        return outcome.result(timeout=30)

    def enter(self) -> None:
        """Move the calling thread inside, for good."""
        with Path(f"/run/netns/{self.name}").open() as file:
            if _libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {self.name}")

    def delete(self) -> None:
        """Remove it, and with it its interfaces."""
        run("ip", "netns", "delete", self.name, check=False)


def delete_leftovers() -> None:
    """Remove the namespaces of earlier runs that were killed."""
    for path in Path("/run/netns").glob(f"{_PREFIX}-*"):
        process = path.name.removeprefix(f"{_PREFIX}-").split("-")[0]
        if not Path(f"/proc/{process}").exists():
            run("ip", "netns", "delete", path.name, check=False)


class LoopInside:
    """An event loop in a thread inside a namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        def live() -> None:
            namespace.enter()
            asyncio.set_event_loop(self._loop)
            ready.set()
            self._loop.run_forever()
            self._loop.close()

        self._thread = threading.Thread(target=live, daemon=True)
        self._thread.start()
        assert ready.wait(10), f"no thread in {namespace.name}"

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, wait for it here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


async def until(condition: Callable[[], bool], what: str, timeout: float = 10) -> None:
    """Return when the condition holds. Raises AssertionError, saying what was waited for."""
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited {timeout} s for: {what}"
        await asyncio.sleep(0.005)
