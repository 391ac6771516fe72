"""Telling the compute service what is left to tell, in order, until it has been told."""

import asyncio
import logging
import time

from prometheus_client import REGISTRY, CollectorRegistry, Counter
from sqlalchemy.exc import SQLAlchemyError

from alcor.api.identity.keystone import http_client
from alcor.api.identity.settings import KeystoneSettings
from alcor.controller.compute.nova import Nova, NovaAway, NovaRefuses
from alcor.controller.compute.settings import ComputeSettings
from alcor.services.ports import compute_events
from alcor.services.ports.compute_events import ComputeEvent
from alcor.store.store import Store
from alcor.store.transaction import Transaction

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2  # between two looks for what is left: a workload's start waits for them
_AGAIN_SECONDS = 2.0
_COMPLAIN_SECONDS = 30.0
_AT_ONCE = 100
_TELLING_SECONDS = 20
_SPARE_SECONDS = 10  # past which another controller tells what one was telling that ended
_TOO_LATE_SECONDS = 600  # Nova gives a workload up that waited for half of that


async def tell(settings: ComputeSettings, keystone: KeystoneSettings, store: Store) -> None:
    """Tell the compute service of this database's ports until cancelled."""
    async with http_client() as client:
        await Teller(store, Nova(settings, keystone, client)).run()


class Teller:
    """One of those, in any number of controllers of a database, that tell."""

    def __init__(self, store: Store, nova: Nova, registry: CollectorRegistry = REGISTRY) -> None:
        self._store, self._nova = store, nova
        self._complained_at = -_COMPLAIN_SECONDS
        self._told = Counter("alcor_compute_events_told", "What Nova was told of ports", registry=registry)
        self._dropped = Counter(
            "alcor_compute_events_dropped",
            "What Nova was not told of ports: away too long, or refused",
            registry=registry,
        )

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            try:
                told = await self._store.read(compute_events.is_any_left, is_short=True) and await self._tell_some()
            except (NovaAway, SQLAlchemyError) as error:
                self._complain(f"the compute service cannot be told of ports, which is tried again: {error}")
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception:
                log.exception("the compute service could not be told of ports, which is tried again")
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                if not told:
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _tell_some(self) -> bool:
        """Whether there was something that nobody else was telling. Raises NovaAway or SQLAlchemyError."""
        events, late = await self._store.write(_take)
        self._dropped.inc(late)
        if not events:
            return False
        try:
            async with asyncio.timeout(_TELLING_SECONDS):
                await self._nova.tell(events)
        except NovaRefuses as error:
            self._complain(f"the compute service does not take what it is told of ports: {error}")
            self._dropped.inc(len(events))
        except Exception as error:
            await self._store.write(lambda transaction: compute_events.give_back(transaction, events))
            if isinstance(error, TimeoutError):
                raise NovaAway(f"no answer for {_TELLING_SECONDS} s") from error
            raise
        else:
            self._told.inc(len(events))
        await self._store.write(lambda transaction: compute_events.forget(transaction, events))
        return True

    def _complain(self, reason: str) -> None:
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAIN_SECONDS:
            self._complained_at = now
            log.error(reason)


def _take(transaction: Transaction) -> tuple[list[ComputeEvent], int]:
    """What is told next, and how much nobody needs to be told any more."""
    late = compute_events.forget_older(transaction, transaction.now - _TOO_LATE_SECONDS)
    return compute_events.take(transaction, _AT_ONCE, transaction.now + _TELLING_SECONDS + _SPARE_SECONDS), late
