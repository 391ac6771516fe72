"""Servers of tests and benchmarks leave nothing behind."""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.processes import free_port

_STARTER = """
import signal, sys
from pathlib import Path
from tests.processes import free_port, guarded

with guarded(["sleep", "600"], Path(sys.argv[1])):
    print(flush=True)
    signal.pause()
"""


def test_a_server_and_its_directory_go_with_whoever_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "server"
    directory.mkdir()
    starter = subprocess.Popen([sys.executable, "-c", _STARTER, str(directory)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    starter.stdout.readline()
    processes = psutil.Process(starter.pid).children(recursive=True)
    assert processes

    starter.kill()
    starter.communicate()

    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive
    assert not directory.exists()


def test_no_port_is_given_to_two_servers_that_are_soon_to_listen() -> None:
    given = [free_port() for _ in range(200)]
    assert len(set(given)) == len(given)
