"""The agent's streams to Network Config Managers: one to each that a VPC on demand of this host wants to ask."""

import asyncio
import logging
import os
import random
from collections.abc import Sequence
from typing import Any

from alcor.agent.counters import Counters
from alcor.agent.on_demand.choosing import CONFIGURED, choose
from alcor.agent.on_demand.link import Link, LinkSettings
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.ncm_messages import NcmHello
from alcor.channels.ways import Ways, direct
from alcor.model.rendezvous import order

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_LIST_AFTER_WELCOME_SECONDS = 0.5  # a controller that tells of managers does so at once
_LIST_AFTER_START_SECONDS = 10.0


class Asking:
    """Sees to it that every VPC has somebody to ask, whoever comes and goes."""

    def __init__(
        self,
        host_id: str,
        controllers: Sequence[str],
        on_demand: OnDemand,
        counters: Counters,
        settings: LinkSettings | None = None,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        """``controllers`` are asked when none has told of managers, or none of those can be reached."""
        self._controllers, self._on_demand, self._counters = controllers, on_demand, counters
        self._settings, self._open_channel = settings or LinkSettings(), open_channel
        self._ways = ways
        self._hello = NcmHello(host_id, os.urandom(16))
        self._ncms: tuple[str, ...] | None = None
        self._stand_ins: tuple[str, ...] = ()
        self._orders: dict[int, list[str]] = {}  # by VNI
        self._links: dict[str, Link] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._to_review = asyncio.Event()
        self._to_review.set()
        on_demand.vpcs_changed = self._to_review.set

    def told_ncms(self, addresses: tuple[str, ...]) -> None:
        """A controller tells which managers there are."""
        if addresses == self._ncms:
            return
        log.info("Network Config Managers: %s", ", ".join(addresses) or "where the controllers are")
        self._ncms = addresses
        self._orders = {}
        self._ask_controllers_too()

    def controller_reached(self) -> None:
        """A controller has welcomed the host, and may tell of managers."""
        asyncio.get_running_loop().call_later(_LIST_AFTER_WELCOME_SECONDS, self._ask_controllers_too)

    def dial_anew(self) -> None:
        """Another way leads to managers from now on. Streams on the old one may be dead for long before that shows."""
        self._links.clear()
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._to_review.set()

    async def run(self) -> None:
        """Go on for ever."""
        asyncio.get_running_loop().call_later(_LIST_AFTER_START_SECONDS, self._ask_controllers_too)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            while True:
                await self._to_review.wait()
                self._to_review.clear()
                self._review(group)

    def order(self, vni: int) -> list[str]:
        """The managers there are, in the order in which they are to be asked about a VPC; the controllers last."""
        return [*order(vni, self._ncms or ()), *self._controllers]

    def addresses(self) -> set[str]:
        """Where all managers and controllers are that the host knows of."""
        return {*self._controllers, *(self._ncms or ())}

    def managers(self) -> list[dict[str, Any]]:
        """The streams there are, for people: to whom, how it stands, and the VPCs that are asked about there."""
        described = []
        for name, link in sorted(self._links.items()):
            manager = link.manager
            described.append(
                {
                    "address": manager.address if manager is not None else name or "the controllers",
                    "state": link.reach.value,
                    "vnis": [] if manager is None else sorted(manager.vnis),
                }
            )
        return described

    def _ask_controllers_too(self) -> None:
        """From now on, when nobody else can be: not before, since they might have to get ready for VPCs of others."""
        if not self._stand_ins:
            self._stand_ins = (CONFIGURED,)
            self._orders = {}
        self._to_review.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._on_demand.tick()

    def _review(self, group: asyncio.TaskGroup) -> None:
        """Give every VPC to the best manager at hand; open the streams that are wanted and close the others."""
        vnis, reach = self._on_demand.vnis(), {name: link.reach for name, link in self._links.items()}
        self._orders = {vni: self._orders.get(vni) or [*order(vni, self._ncms or ()), *self._stand_ins] for vni in vnis}
        wanted: dict[str, bool] = {}  # and whether a VPC has nobody else to ask
        for vni in vnis:
            manager = self._on_demand.manager(vni)
            choice = choose(self._orders[vni], reach, None if manager is None else manager.name)
            self._on_demand.give(vni, None if choice.manager is None else self._links[choice.manager].manager)
            for name in choice.wanted:
                wanted[name] = wanted.get(name, False) or choice.manager is None
        for name in self._links.keys() - wanted.keys():
            del self._links[name]
            self._tasks.pop(name).cancel()
        for name, is_urgent in wanted.items():
            if name not in self._links:
                self._open(name, group)
            if is_urgent:
                self._links[name].hurry()

    def _open(self, name: str, group: asyncio.TaskGroup) -> None:
        addresses = self._controllers if name == CONFIGURED else [name]
        link = Link(
            name,
            addresses,
            self._hello,
            self._on_demand,
            self._counters,
            self._to_review.set,
            self._settings,
            self._open_channel,
            self._ways,
        )
        self._links[name] = link
        self._tasks[name] = group.create_task(link.run(random.uniform(0, self._settings.spread)))
