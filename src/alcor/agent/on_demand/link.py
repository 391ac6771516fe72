"""One stream to a Network Config Manager, kept open, or tried again, for as long as a VPC wants it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence

import grpc
import msgspec

from alcor.agent.beside import beside
from alcor.agent.counters import Counters
from alcor.agent.on_demand.choosing import Reach
from alcor.agent.on_demand.manager import Manager
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.channels.fast_path.dialling import Backoff, ConnectionLost
from alcor.channels.fast_path.ncm_client import NcmClient, NcmConnection
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.ncm_messages import NcmHello
from alcor.channels.ways import Ways, direct

log = logging.getLogger(__name__)

_MANY_FAILURES = 100


class LinkSettings(msgspec.Struct, frozen=True):
    """How patient a link is."""

    backoff: Backoff = Backoff()
    welcome_timeout: float = 5.0  # seconds; meanwhile the VPC may have nobody to ask
    spread: float = 5.0  # seconds within which hosts go to a manager that they can do without for now


class Link:
    """Sends what OnDemand asks this manager, and hands OnDemand what is answered."""

    def __init__(
        self,
        name: str,
        addresses: Sequence[str],
        hello: NcmHello,
        on_demand: OnDemand,
        counters: Counters,
        changed: Callable[[], None],
        settings: LinkSettings,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        """``name`` is what the manager is chosen by; ``changed`` is told when it can be reached, or no longer."""
        self.reach = Reach.TRYING
        self.manager: Manager | None = None
        """At hand while the manager is reached."""
        self._name, self._on_demand, self._counters, self._changed = name, on_demand, counters, changed
        self._settings = settings
        self._rotates = len(addresses) > 1
        self._hurried = asyncio.Event()
        self._client = NcmClient(
            addresses,
            lambda: hello,
            not_welcomed=lambda address: self._set(Reach.DOWN, None),
            backoff=settings.backoff,
            welcome_timeout=settings.welcome_timeout,
            open_channel=open_channel,
            ways=ways,
        )

    def hurry(self) -> None:
        """Somebody has nobody else to ask."""
        self._hurried.set()

    async def run(self, delay: float) -> None:
        """Go on for ever, beginning after a delay (s), or as soon as somebody is in a hurry."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._hurried.wait()
        async with contextlib.aclosing(self._client.connections()) as connections:  # type: ignore[type-var]
            async for connection in connections:
                try:
                    await self._serve(connection)
                except Exception:
                    if self._counters.add("ncm_connections_failed"):
                        log.exception("the connection to Network Config Manager %s failed", connection.address)
                if connection.ended is grpc.StatusCode.RESOURCE_EXHAUSTED and not self._rotates:
                    await asyncio.sleep(self._settings.backoff.delay(_MANY_FAILURES))

    async def _serve(self, connection: NcmConnection) -> None:
        self._counters.add("ncm_connections")
        began = time.monotonic()
        manager = Manager(self._name, connection.address, connection.welcome)
        self._set(Reach.UP, manager)
        try:
            async with beside(self._ask(manager, connection)):
                async for news in connection.news():
                    self._on_demand.news(manager, news)
        finally:
            # One that wants to be asked anew is there, unless that is all it ever says.
            lasted = time.monotonic() - began > self._settings.backoff.maximum
            is_there = connection.ended is grpc.StatusCode.ABORTED and lasted
            self._set(Reach.TRYING if is_there else Reach.DOWN, None)

    async def _ask(self, manager: Manager, connection: NcmConnection) -> None:
        try:
            while True:
                await connection.ask(await self._on_demand.next_questions(manager))
        except ConnectionLost:
            log.debug("what was to be asked of %s is asked of whoever comes next", connection.address)

    def _set(self, reach: Reach, manager: Manager | None) -> None:
        self.reach, self.manager = reach, manager
        self._changed()
