"""Telling the controller how the host does: when something changed, and now and then."""

import asyncio
import time
from collections.abc import Callable

from alcor.agent.health.probing import Probing
from alcor.agent.pace import paced
from alcor.agent.reconcile import Reconciler
from alcor.agent.reports import Reports
from alcor.channels.messages import DataPlaneState, HostHealth, ProbeTargets
from alcor.dataplane.driver import DataPlane

_LOOK_SECONDS = 0.5
_SETTLE_SECONDS = 2.0  # that a data plane may be away or repaired before anybody is told
_PAUSE_SECONDS = 2.0  # between two reports


class HealthReports:
    """What the host was last said to be like, and what it is like."""

    def __init__(
        self,
        probing: Probing,
        reconciler: Reconciler,
        driver: DataPlane,
        reports: Reports,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probing, self._reconciler, self._driver, self._reports = probing, reconciler, driver, reports
        self._clock = clock
        self._told_from: float | None = None  # while the data plane does not work: from when it is told
        self._is_listened_to = False
        self._said: HostHealth | None = None
        self._said_at = clock() - _PAUSE_SECONDS

    def told_targets(self, targets: ProbeTargets) -> None:
        """A controller says whom to probe: so it listens."""
        self._probing.told(targets)
        self._is_listened_to = True

    def disconnected(self) -> None:
        """Nobody listens."""
        self._is_listened_to = False
        self._said = None

    def health(self) -> HostHealth:
        """How the host does now, passing over what only lasts for a moment."""
        data_plane = self._reconciler.data_plane()
        trouble = self._reconciler.trouble
        if data_plane is DataPlaneState.WORKS:
            self._told_from = None
        elif self._told_from is None:
            self._told_from = self._clock() + _SETTLE_SECONDS
        if self._told_from is not None and self._clock() < self._told_from:
            data_plane, trouble = DataPlaneState.WORKS, ""
        trouble = trouble or self._driver.trouble() or self._probing.trouble
        return HostHealth(data_plane, trouble, self._probing.probed(), self._probing.unreached())

    def look(self) -> None:
        """Say how the host does, if somebody listens and was told otherwise, or nothing yet."""
        now, health = self._clock(), self.health()
        if self._is_listened_to and health != self._said and now - self._said_at >= _PAUSE_SECONDS:
            self._said, self._said_at = health, now
            self._reports.health(health)

    async def keep_saying(self, interval: float) -> None:
        """Say it again about every so many seconds, for ever, in case it was lost."""
        async for _ in paced(interval, interval):
            self._said = None

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_SECONDS)
