"""What the steps of a test share."""

import asyncio
import os
import time
from collections.abc import Callable

import msgspec

from alcor.channels.message_queue.address import parse_queue
from alcor.channels.trust.credentials import Credentials
from alcor.model.identifiers import Id
from alcor.scale.broker import OwnBroker
from alcor.scale.controller import Controller
from alcor.scale.errors import ScaleError
from alcor.scale.fleet_process import Fleets
from alcor.scale.http_client import HttpClient
from alcor.scale.metrics import read_metrics
from alcor.scale.port_tracking import PortTracker
from alcor.scale.scenario import Scenario
from alcor.scale.timeline import Timeline

_POLL_SECONDS = 0.02
_VPCS_AT_ONCE = 100  # in one question for ports that are DOWN


_CONNECTED, _PENDING, _LAG = "alcor_dpm_connected_hosts", "alcor_dpm_pending_hosts", "alcor_dpm_log_lag_entries"


class Vpc(msgspec.Struct):
    """A VPC that a step created, and its ports that were not deleted again: port → host number."""

    network_id: str
    subnet_id: str
    hosts: range
    on_demand: bool = False
    security_group: str = ""  # that all its ports are in; empty for the project's own
    ports: dict[Id, int] = {}


class Progress(msgspec.Struct):
    """How far the step under way is, for whoever watches."""

    title: str = ""
    done: Callable[[], float] = lambda: 0.0
    total: float = 0.0
    unit: str = ""


class Run:
    """A test that is under way."""

    def __init__(
        self,
        scenario: Scenario,
        controller: Controller,
        interval: float,
        broker: OwnBroker | None,
        queue: str,
        credentials: Credentials | None,
    ) -> None:
        """``queue`` is where the hosts' message queue is, and ``broker`` its process when that is ours; hosts show the
        controller ``credentials``, if there are any.
        """
        self.scenario = scenario
        self.controller = controller
        self.broker = broker
        self.client: HttpClient = controller.client
        self.tracker = PortTracker(self.client)
        address = parse_queue(queue) if queue else None
        self.fleets = Fleets(controller.southbound, scenario.hosts, self.tracker.programmed_at, address, credentials)
        self.timeline = Timeline(self.client, self.process_ids, interval)
        self.progress = Progress()
        self.requests = 0  # answered so far
        self.vpcs: list[Vpc] = []
        self.timeline.probe("connected hosts", "hosts", lambda: self.fleets.counts.connected)
        self.timeline.probe("ports programmed", "ports", lambda: self.tracker.programmed)
        self.timeline.probe("requests", "requests", lambda: self.requests)
        self.timeline.probe("peers answered", "peers", lambda: self.fleets.counts.answered)

    def process_ids(self) -> dict[str, int]:
        """The processes that are watched: name → process id."""
        found = {"load generator": os.getpid(), **self.fleets.processes}
        if self.controller.process_id is not None:
            found["controller"] = self.controller.process_id
        if self.broker is not None and self.broker.process_id is not None:
            found["broker"] = self.broker.process_id
        return found

    def report(self, title: str, total: float, unit: str, done: Callable[[], float]) -> None:
        """Say what is being done now, and how far it is."""
        self.progress = Progress(title, done, total, unit)

    async def until(self, condition: Callable[[], bool], what: str, timeout: float) -> None:
        """Wait for the condition. Raises ScaleError when it does not come, or when a fleet has died."""
        deadline = time.monotonic() + timeout
        while not condition():
            self.fleets.check()
            if time.monotonic() > deadline:
                raise ScaleError(f"waited {timeout:g} s for {what}")
            await asyncio.sleep(_POLL_SECONDS)

    async def until_told(self, timeout: float) -> None:
        """Wait until as many hosts as there are have acknowledged all that the controller has to tell them, as it says.

        Raises ScaleError.
        """
        deadline = time.monotonic() + timeout
        while not _is_told(metrics := await read_metrics(self.client), self.scenario.hosts.count):
            if time.monotonic() > deadline:
                pending = f"{metrics.get(_PENDING, 0):,.0f} of {metrics.get(_CONNECTED, 0):,.0f} hosts"
                raise ScaleError(f"{pending} have not acknowledged all they were told after {timeout:g} s")
            await asyncio.sleep(_POLL_SECONDS)

    async def until_active(self, vpcs: list[Vpc], timeout: float) -> None:
        """Wait until no port of the VPCs is DOWN any more, as the API shows them. Raises ScaleError."""
        deadline = time.monotonic() + timeout
        for first in range(0, len(vpcs), _VPCS_AT_ONCE):
            networks = "&".join(f"network_id={vpc.network_id}" for vpc in vpcs[first : first + _VPCS_AT_ONCE])
            path = f"/v2.0/ports?{networks}&status=DOWN&fields=id&limit=1"
            while found := (await self.client.json("GET", path))["ports"]:
                if time.monotonic() > deadline:
                    raise ScaleError(f"port {found[0]['id']}, among others, is still DOWN after {timeout:g} s")
                await asyncio.sleep(_POLL_SECONDS)


def _is_told(metrics: dict[str, float], hosts: int) -> bool:
    return metrics.get(_CONNECTED, 0) >= hosts and not metrics.get(_PENDING, 0) and not metrics.get(_LAG, 0)
