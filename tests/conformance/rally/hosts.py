"""Hosts that are alive, for scenarios that bind ports: real agents on simulated data planes."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.conformance.neutron.cloud import HOSTS, Cloud
from tests.processes import guarded

_START_SECONDS = 60
_POLL_SECONDS = 0.1


@contextlib.contextmanager
def run_hosts(cloud: Cloud) -> Iterator[None]:
    """The cloud's nodes, connected to its controller."""
    with contextlib.ExitStack() as stack:
        for host, address in HOSTS.items():
            stack.enter_context(_agent(cloud, host, address))
        _wait_until_alive(cloud)
        yield


@contextlib.contextmanager
def _agent(cloud: Cloud, host: str, address: str) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="alcor-rally-host-", dir="/tmp"))
    configuration = directory / "agent.toml"
    configuration.write_text(
        f'host_id = "{host}"\ncontrollers = ["{cloud.southbound}"]\nvtep_ip = "{address}"\n'
        f'data_directory = "{directory}"\ndriver = "memory"\n'
    )
    with guarded([sys.executable, "-m", "alcor", "agent", "--config", str(configuration)], directory) as log:
        yield log


def _wait_until_alive(cloud: Cloud) -> None:
    headers = {"X-Auth-Token": cloud.keystone.token(cloud.keystone.admin)}
    deadline = time.monotonic() + _START_SECONDS
    while True:
        agents = httpx.get(f"{cloud.url}/v2.0/agents", headers=headers, timeout=60).raise_for_status().json()["agents"]
        if agents and all(each["alive"] for each in agents):
            return
        if time.monotonic() > deadline:
            raise RuntimeError("the agents did not connect")
        time.sleep(_POLL_SECONDS)
