"""Hosts spread over the controllers: one that has more than its share lets some go, and they find another."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Mapping
from functools import partial

from alcor.channels.gradually import gradually
from alcor.channels.interface import HostConnection
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.share import Share
from alcor.services.hosts import controller_hosts
from alcor.services.hosts.signs_of_life import heard_since
from alcor.store.store import Store

log = logging.getLogger(__name__)

_REST_SECONDS = 600.0  # a host that came back, perhaps because it knows no other controller, is left alone for so long
_RETIRE_SECONDS = 1.0


class Balancing:
    """Of one controller. A host that is let go goes on to the next controller it knows (fast_path.dialling)."""

    def __init__(
        self,
        store: Store,
        controller_id: str,
        connections: Mapping[str, HostConnection],
        metrics: DpmMetrics,
        interval: float,
        hosts_per_second: int,
    ) -> None:
        """``connections``: host → its connection, as they are at any time. ``interval``: seconds between two looks."""
        self._store = store
        self._controller_id = controller_id
        self._connections = connections
        self._metrics = metrics
        self._interval = interval
        self._most = max(1, math.floor(interval * hosts_per_second))
        self._share = Share()
        self._let_go: dict[str, float] = {}  # host → when
        self._retired = False

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            try:
                await self._balance()
            except Exception:
                log.exception("hosts could not be spread over the controllers; tried again")
            await asyncio.sleep(self._interval)

    async def retire(self) -> bool:
        """Count no longer as one that takes hosts; returns whether others do. Ends soon, whatever the database does."""
        self._retired = True
        try:
            async with asyncio.timeout(_RETIRE_SECONDS):
                await self._say(None)
                return bool(await self._others())
        except Exception as error:
            log.warning("cannot find out whether there are other controllers: %s", error or type(error).__name__)
            return False

    async def let_all_go(self, seconds: float) -> None:
        """Let every host go, one after the other over so many seconds."""
        log.info("%d hosts are let go", len(self._connections))
        hosts = random.sample(list(self._connections), len(self._connections))
        await gradually(hosts, seconds, self._let_one_go)

    async def _balance(self) -> None:
        if self._retired:
            return
        own = len(self._connections)
        await self._say(own)
        others = await self._others()
        now = time.monotonic()
        self._let_go = {host_id: at for host_id, at in self._let_go.items() if now - at < _REST_SECONDS}
        surplus = self._share.surplus(own, others.values(), self._most) if others else 0
        if surplus:
            movable = [host_id for host_id in self._connections if host_id not in self._let_go]
            chosen = random.sample(movable, min(surplus, len(movable)))
            log.info("%d of %d hosts are let go, so that other controllers have their share", len(chosen), own)
            self._let_go.update(dict.fromkeys(chosen, now))
            await gradually(chosen, self._interval, self._let_one_go)

    def _let_one_go(self, host_id: str) -> None:
        if (connection := self._connections.get(host_id)) is not None:
            connection.let_go()
            self._metrics.hosts_let_go.inc()

    async def _say(self, hosts: int | None) -> None:
        await self._store.write(lambda transaction: controller_hosts.say(transaction, self._controller_id, hosts))

    async def _others(self) -> dict[str, int]:
        return await self._store.read(
            partial(
                controller_hosts.of_others,
                controller_id=self._controller_id,
                heard_since=heard_since(self._interval),
            )
        )
