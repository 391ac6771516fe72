"""Network namespaces of a testbed."""

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from alcor.testbed.sandbox import Sandbox

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_ENTER_SECONDS = 30.0

_libc = ctypes.CDLL(None, use_errno=True)


class NetworkNamespace:
    """A network namespace with a name in the sandbox: interfaces, addresses and routes of its own."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.sandbox = sandbox
        self.name = name
        sandbox.run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments: str) -> str:
        """``ip`` inside."""
        return self.sandbox.run("ip", "-n", self.name, *arguments)

    def run(self, *command: str, check: bool = True, timeout: float = 60) -> str:
        """A command inside, as Sandbox.run."""
        return self.sandbox.run("ip", "netns", "exec", self.name, *command, check=check, timeout=timeout)

    def popen(self, *command: str, **options: Any) -> "subprocess.Popen[bytes]":
        """A command inside, running on, as Sandbox.popen. The process is the command itself."""
        return self.sandbox.popen("ip", "netns", "exec", self.name, *command, **options)

    def inside(self, work: Callable[[], T]) -> T:
        """Call a function in a thread that is inside; sockets that it opens belong to the namespace."""
        outcome: Future[T] = Future()

        def enter_and_work() -> None:
            try:
                self.enter()
                outcome.set_result(work())
            except BaseException as error:
                outcome.set_exception(error)

        threading.Thread(target=enter_and_work, name=self.name, daemon=True).start()
        return outcome.result(_ENTER_SECONDS)

    def enter(self) -> None:
        """Move the calling thread inside, for good. Only its network: files stay the machine's."""
        with self.sandbox.outside(f"/run/netns/{self.name}").open() as file:
            if _libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {self.name}: {os.strerror(ctypes.get_errno())}")

    def delete(self) -> None:
        """Remove it, and with it its interfaces. Those of its programs that still run keep it alive."""
        self.sandbox.run("ip", "netns", "delete", self.name)
