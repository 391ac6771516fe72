"""The real client against a real controller process."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import running_controller

ROOT = Path(__file__).parents[3]
_START_SECONDS = 30


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a controller's API."""
    with running_controller(tmp_path_factory.mktemp("controller")) as address:
        yield f"http://{address}"


class OpenStack:
    """The ``openstack`` command, unmodified, as people type it."""

    def __init__(self, process: subprocess.Popen[str], endpoint: str) -> None:
        self._process = process
        self.options = ["--os-auth-type", "none", "--os-endpoint", endpoint]

    def __call__(self, command: str) -> str:
        """What a command prints; it must succeed."""
        status, output, errors = self.run(command)
        assert status == 0, f"{command}: {errors or output}"
        return output

    def show(self, command: str) -> Any:
        """What a command that shows resources says, as data."""
        return json.loads(self(f"{command} -f json"))

    def names(self, command: str) -> list[str]:
        """The names that a list command prints, in alphabetical order."""
        return sorted(self(f"{command} -f value -c Name").split())

    def fails(self, command: str) -> str:
        """What a command that must fail complains of."""
        status, output, errors = self.run(command)
        assert status == 1, f"{command} succeeded: {output}"
        return errors

    def run(self, command: str) -> tuple[int, str, str]:
        """The exit status, the output and the complaints of a command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([*self.options, *shlex.split(command)]), file=self._process.stdin, flush=True)
        status, output, errors = json.loads(self._process.stdout.readline())
        return status, output, errors


@pytest.fixture(scope="session")
def openstack(endpoint: str) -> Iterator[OpenStack]:
    command = [sys.executable, "-m", "tests.integration.openstack_client.commands"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield OpenStack(process, endpoint)
        assert process.stdin is not None
        process.stdin.close()
