"""What happens to the site: deaths (kill -9) of everybody, and partitions of each kind, at random and side by side."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from tests.integration.chaos.host import Host
from tests.integration.chaos.site import Site
from tests.links.links import Link

_LONGEST_DEATH = 2.0  # seconds
_LONGEST_PARTITION = 6.0
_LOOK_SECONDS = 0.2
_STARTS = 5  # that a controller has to find its database
_LEADING_SECONDS = 40.0  # in which a neighbour leads a host that reaches nobody

DEATHS = (
    "broker killed",
    "agent killed",
    "neighbour killed",
    "controller killed",
    "database killed",
    "database connections ended",
)
PARTITIONS = (
    "host from controllers",
    "host from broker",
    "host from all",
    "controller from broker",
    "controller from database",
)

Event = Callable[[], Awaitable[None]]


class Chaos:
    """Throws dice. Who is being killed already is left alone."""

    def __init__(self, site: Site, seed: int, longest_pause: float) -> None:
        """``longest_pause``: seconds between two events."""
        self.happened: Counter[str] = Counter()
        self._site, self._dice, self._longest_pause = site, random.Random(seed), longest_pause
        self._dying: set[object] = set()
        self._unlinked: Counter[Link] = Counter()  # by how much of what goes on

    def kinds(self) -> set[str]:
        """What happened at least once."""
        return {kind.partition(",")[0] for kind in self.happened}

    async def run(self, seconds: float) -> None:
        """Each kind of event at least once, and others for so long; returns when nothing is on its way any more.

        It begins with a host that is led by a neighbour, which takes longest.
        """
        events = self._events()
        end = time.monotonic() + seconds
        first = self._dice.sample(events, len(events))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.neighbour_dies())
            while first or time.monotonic() < end:
                event = first.pop() if first else self._dice.choice(events)
                tasks.create_task(event())
                await asyncio.sleep(self._dice.uniform(0, self._longest_pause))

    def _events(self) -> Sequence[Event]:
        return (
            self.broker_dies,
            self.agent_dies,
            self.agent_dies,
            self.controller_dies,
            self.controller_dies,
            self.host_without_controllers,
            self.host_without_broker,
            self.database_dies,
            self.controller_without_broker,
            self.controller_without_database,
            self.controller_without_database,
            self.database_connections_end,
            self.host_without_anybody,
            self.neighbour_dies,
        )

    async def broker_dies(self) -> None:
        await self._die("broker", self._site.broker, self._site.broker.kill, self._site.broker.start)

    async def agent_dies(self) -> None:
        host = self._dice.choice([host for host in self._site.hosts.values() if host not in self._dying])
        await self._die("agent", host, host.kill, host.start)

    async def controller_dies(self) -> None:
        name = self._dice.choice(list(self._site.controllers))
        controller = self._site.controllers[name]
        await self._die("controller", controller, controller.kill, lambda: self._start_controller(name))

    def _start_controller(self, name: str) -> None:
        """As who looks after it would: one that does not find its database ends, and is started again."""
        for attempt in range(1, _STARTS + 1):
            while self._site.postgresql in self._dying or self._unlinked[self._site.database_links[name]]:
                time.sleep(_LOOK_SECONDS)
            try:
                self._site.controllers[name].start()
                return
            except AssertionError:
                self._site.controllers[name].kill()
                if attempt == _STARTS:
                    raise

    async def database_dies(self) -> None:
        server = self._site.postgresql
        await self._die("database", server, server.kill, server.start)

    async def database_connections_end(self) -> None:
        while self._site.postgresql in self._dying:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.to_thread(self._site.end_database_connections)
        self.happened["database connections ended"] += 1

    async def _die(self, kind: str, part: object, kill: Callable[[], None], start: Callable[[], None]) -> bool:
        """Returns false for one that is dying already."""
        if part in self._dying:
            return False
        self._dying.add(part)
        try:
            await asyncio.to_thread(kill)
            self.happened[f"{kind} killed"] += 1
            await asyncio.sleep(self._dice.uniform(0, _LONGEST_DEATH))
            await asyncio.to_thread(start)
        finally:
            self._dying.discard(part)
        return True

    async def host_without_controllers(self) -> None:
        host = self._dice.choice(list(self._site.hosts.values()))
        chosen = self._dice.sample(list(host.controllers), self._dice.choice((1, 2)))
        await self._part("host from controllers", chosen)

    async def host_without_broker(self) -> None:
        hosts = [host for host in self._site.hosts.values() if host.broker is not None]
        await self._part("host from broker", _links(self._dice.choice(hosts).broker))

    async def controller_without_broker(self) -> None:
        name = self._dice.choice(list(self._site.controllers))
        await self._part("controller from broker", [self._site.broker_links[name]])

    async def controller_without_database(self) -> None:
        name = self._dice.choice(list(self._site.controllers))
        await self._part("controller from database", [self._site.database_links[name]])

    async def host_without_anybody(self) -> None:
        host = self._dice.choice(list(self._site.hosts.values()))
        await self._part("host from all", [*host.controllers, *_links(host.broker)])

    async def _part(self, kind: str, links: Sequence[Link]) -> None:
        frozen = self._dice.random() < 0.5
        async with self._parted(links, frozen=frozen):
            self.happened[f"{kind}, {'frozen' if frozen else 'cut'}"] += 1
            await asyncio.sleep(self._dice.uniform(0, _LONGEST_PARTITION))

    @contextlib.asynccontextmanager
    async def _parted(self, links: Sequence[Link], *, frozen: bool) -> AsyncIterator[None]:
        """Links are healed when nothing that cut them goes on."""
        for link in links:
            self._unlinked[link] += 1
            if frozen:
                link.freeze()
            else:
                link.cut()
        yield
        for link in links:
            self._unlinked[link] -= 1
            if not self._unlinked[link]:
                link.heal()

    async def neighbour_dies(self) -> None:
        """The one that leads a host to its controllers."""
        led = self._dice.choice([host for host in self._site.hosts.values() if host.broker is None])
        if led in self._dying:
            return
        self._dying.add(led)
        async with self._parted(led.controllers, frozen=False):
            while (neighbour := await self._led_by(led)) is not None:
                if await self._die("neighbour", neighbour, neighbour.kill, neighbour.start):
                    await self._led_by(led)
                    break
                await asyncio.sleep(_LOOK_SECONDS)
        self._dying.discard(led)

    async def _led_by(self, led: Host) -> Host | None:
        end = time.monotonic() + _LEADING_SECONDS
        while time.monotonic() < end:
            status = await asyncio.to_thread(led.ask)
            if status and status["relayed_by"]:
                return self._site.hosts[status["relayed_by"]]
            await asyncio.sleep(_LOOK_SECONDS)
        return None


def _links(link: Link | None) -> list[Link]:
    return [] if link is None else [link]
