"""Servers for tests and benchmarks that end, and leave nothing behind, however those who started them go."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import SystemRandom

import httpx

_START_SECONDS = 120
_STOP_SECONDS = 60
_POLL_SECONDS = 0.05
_PORTS = range(20_000, 30_000)
_SIDE_BY_SIDE = 8
_random = SystemRandom()

# The guard's standard input ends when whoever started it does.
_GUARD = """
"$@" &
server=$!
cat > /dev/null
while kill -s $signal $server 2> /dev/null; do sleep 0.1; done
rm -rf "$directory"
"""


def directory_of(user: str, prefix: str) -> tuple[Path, list[str]]:
    """A new directory for a server that refuses to run as root, and what to put before its commands.

    Where root starts it, the directory belongs to the user, and the commands run as that user.
    """
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    if os.geteuid() != 0:
        return directory, []
    shutil.chown(directory, user, user)
    return directory, ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]


@contextlib.contextmanager
def guarded(
    command: Sequence[str], directory: Path, stop: str = "TERM", environment: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """Run a server in its directory, and end it with a signal. Gives the file it writes its log to.

    When it has ended, its directory is removed.
    """
    log = directory / "log"
    with log.open("wb") as output:
        guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C ends the tests first, and they the guard
            cwd=directory,
            env={**os.environ, **(environment or {}), "directory": str(directory), "signal": stop},
        )
    assert guard.stdin is not None
    try:
        yield log
    finally:
        guard.stdin.close()
        guard.wait(_STOP_SECONDS)


def wait_until_up(name: str, is_up: Callable[[], bool], log: Path) -> None:
    """Return when a server is up. Raises RuntimeError with its log when it is not in time, or has failed."""
    deadline = time.monotonic() + _START_SECONDS
    while not is_up():
        if time.monotonic() > deadline or "Traceback" in log.read_text():
            raise RuntimeError(f"{name} did not start: {log.read_text()}")
        time.sleep(_POLL_SECONDS)


def answers(url: str) -> bool:
    """Whether a server answers there, and with no error."""
    try:
        return not httpx.get(url, timeout=_START_SECONDS).is_error
    except httpx.TransportError:
        return False


def free_port(ports: range = _PORTS) -> int:
    """A TCP port of the loopback interface that nobody listens on.

    It is none that the kernel gives to clients: their connections would take it before a server does, or while the
    server is down. And it is drawn by lot, since other processes look for one at the same time. It may be long until a
    server listens: so those that run the same tests side by side have ports of their own, and none is drawn twice soon.
    """
    while True:
        port = next(_drawn(ports))
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@cache
def _drawn(ports: range) -> Iterator[int]:
    size = len(ports) // _SIDE_BY_SIDE
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _SIDE_BY_SIDE
    own = ports[number * size : (number + 1) * size]
    return itertools.cycle(_random.sample(own, size))
