"""Which Network Config Managers there are: each says so with its signs of life, and everybody looks."""

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial

from alcor.services.hosts import controller_ncms
from alcor.services.hosts.signs_of_life import heard_since
from alcor.store.store import Store

log = logging.getLogger(__name__)

_RETIRE_SECONDS = 1.0


class Membership:
    """Of one controller."""

    def __init__(
        self,
        store: Store,
        controller_id: str,
        address: str,
        interval: float,
        on_members: Callable[[Collection[str]], None],
    ) -> None:
        """``address`` is where hosts ask this controller; empty when it answers none, or does not say where.

        ``interval``: seconds between two looks. ``on_members`` is told the addresses of all at each look.
        """
        self._store = store
        self._controller_id = controller_id
        self._address = address
        self._interval = interval
        self._on_members = on_members

    async def run(self) -> None:
        """Say and look for ever."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("it is not known which Network Config Managers there are; tried again")
            await asyncio.sleep(self._interval)

    async def look(self) -> None:
        """Say that this controller lives, and see who does."""
        if self._address:
            await self._say(self._address)
        living = partial(controller_ncms.living, heard_since=heard_since(self._interval))
        self._on_members(await self._store.read(living))

    async def retire(self) -> None:
        """Answer no more hosts, as far as others know. Ends soon, whatever the database does."""
        if not self._address:
            return
        self._address = ""
        try:
            async with asyncio.timeout(_RETIRE_SECONDS):
                await self._say(None)
        except Exception as error:
            log.warning("hosts may ask this controller for a while yet: %s", error or type(error).__name__)

    async def _say(self, address: str | None) -> None:
        await self._store.write(lambda transaction: controller_ncms.say(transaction, self._controller_id, address))
