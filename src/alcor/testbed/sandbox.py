"""A place on this machine from which nothing escapes and of which nothing remains.

A sandbox is a PID namespace and a mount namespace of its own. Every program of a testbed runs in the PID namespace:
when its first process ends, the kernel kills all others, however many times they forked. The mount namespace has an
empty /run in memory: network namespaces are bound there, and sockets, databases, logs and configuration files are kept
there. When the last process is gone, the kernel drops the mount namespace and with it all of that.

The first process ends when the pipe from the process that made the sandbox closes: when that process closes the
sandbox, fails, is interrupted or is killed with SIGKILL. Nothing has to be cleaned up by a program that may itself be
killed, nothing is left over for a later run to find, and names inside are short and need not be unique: several
testbeds at once do not see each other. Process groups, parent-death signals and guards that delete by name each have a
gap (a program that daemonizes, a thread that ends, a guard that is killed); this has none.

The network stays that of the machine until a program enters a network namespace.
"""

import ctypes
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from alcor.testbed.errors import TestbedError

_CLONE_FS = 0x200
_CLONE_NEWNS = 0x20000
_CLONE_NEWPID = 0x20000000

# The first process: it ends when its standard input does.
_INIT = "mount -t tmpfs -o mode=755 alcor /run && mkdir /run/netns && echo ready && cat > /dev/null"
_SYSTEM_DIRECTORIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

_libc = ctypes.CDLL(None, use_errno=True)


class CommandFailed(TestbedError):
    """A command in the testbed failed; the message is its complaint."""


def search_path() -> str:
    """Where programs are looked for: where the shell does, and where Debian keeps those of the administrator."""
    given = os.environ.get("PATH", "").split(":")
    return ":".join(dict.fromkeys([*given, *_SYSTEM_DIRECTORIES]))


class Sandbox:
    """Runs programs until it is closed; then they are gone with all they left. Usable from any thread.

    Raises TestbedError when this process may not make namespaces.
    """

    def __init__(self) -> None:
        self._init = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _INIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches whoever closes the sandbox, and only them
            env=os.environ | {"PATH": search_path()},
        )
        self.process_id = self._init.pid
        """The process whose end is the end of the sandbox, as the machine sees it."""
        self._children: list[subprocess.Popen[bytes]] = []
        self._spawner = ThreadPoolExecutor(1, "sandbox", self._enter)
        assert self._init.stdout is not None
        if self._init.stdout.readline() != b"ready\n":
            _, complaint = self._init.communicate()
            raise TestbedError(
                f"cannot make namespaces: {complaint.decode().strip()}. Run as root; in a container, a privileged one."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def popen(
        self, *command: str, environment: dict[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a program inside and let it run on. Its process id is the machine's."""
        variables = os.environ | {"PATH": search_path()} | (environment or {})
        return self._spawner.submit(self._spawn, command, variables, options).result()

    def run(self, *command: str, check: bool = True, timeout: float = 60, stdin: str = "") -> str:
        """Run a program inside to its end and return what it printed.

        ``stdin`` is what it reads. Raises CommandFailed when it fails, unless ``check`` is off, and when it takes
        longer than the timeout (seconds).
        """
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = self.popen(*command, **pipes)
        try:
            output, complaint = process.communicate(stdin.encode(), timeout)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise CommandFailed(f"{' '.join(command)}: not done after {timeout:g} s") from error
        if check and process.returncode != 0:
            reason = (complaint or output).decode(errors="replace").strip()
            raise CommandFailed(f"{' '.join(command)}: {reason or f'exit code {process.returncode}'}")
        return output.decode(errors="replace")

    def outside(self, path: str) -> Path:
        """How a file or socket inside is called on the machine."""
        return Path(f"/proc/{self.process_id}/root{path}")

    def close(self) -> None:
        """Kill every program inside and wait until all is gone. Closing twice is harmless."""
        with self._init as init:
            assert init.stdin is not None
            init.stdin.close()
            self._spawner.shutdown()
            for child in self._children:  # the kernel keeps the sandbox until somebody took note of their end
                child.wait()

    def _enter(self) -> None:
        """Move the spawning thread inside: what it starts from then on is inside."""
        _checked(_libc.unshare(_CLONE_FS))
        for name, kind in (("mnt", _CLONE_NEWNS), ("pid_for_children", _CLONE_NEWPID)):
            with Path(f"/proc/{self.process_id}/ns/{name}").open() as namespace:
                _checked(_libc.setns(namespace.fileno(), kind))

    def _spawn(
        self, command: tuple[str, ...], variables: dict[str, str], options: dict[str, Any]
    ) -> subprocess.Popen[bytes]:
        self._children = [child for child in self._children if child.poll() is None]
        defaults: dict[str, Any] = {"stdin": subprocess.DEVNULL, "start_new_session": True, "cwd": "/"}
        child: subprocess.Popen[bytes] = subprocess.Popen(command, env=variables, **defaults | options)
        self._children.append(child)
        return child


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
