"""Snapshots go out a few at a time, and hosts that do not take theirs keep no other waiting."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

_LOOKS = 4


class Taker(Protocol):
    """A host that takes a snapshot."""

    @property
    def snapshot_items(self) -> int:
        """How much the snapshot being sent to it holds, as GoalStateDelta.item_count() has it."""

    @property
    def moved_at(self) -> float:
        """When it last took a part of the snapshot, or was begun to be sent it (time.monotonic)."""

    def give_up(self) -> None:
        """End the stream: the host comes again when it can."""


class SnapshotTurns:
    """Of one server.

    A snapshot holds a copy of its VPCs' neighbours until the host has taken the last part, so only ``at_once`` hosts
    have a turn at a time. A host that takes no part for ``patience`` seconds loses its turn and goes on beside the
    others: one that takes nothing delays them by that and no more.

    Their copies must not pile up. When hosts without a turn hold more than ``most_items`` together, the stream of the
    one that has taken nothing for the longest time is ended. Its snapshot cannot be taken back and sent anew on the
    same stream, for the host has a part of it; reading parts from the model as it is by then would give it a goal state
    that never was; and encoding ahead what is left would only make the copies smaller. To end the stream costs a slow
    host what it has taken so far, but as long as there is room nobody is ended, however slow.
    """

    def __init__(self, at_once: int, patience: float, most_items: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._patience = patience
        self._most_items = most_items
        self._without_turn: dict[Taker, int] = {}  # host → what its snapshot holds

    async def send(self, host: Taker, sending: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have a snapshot taken and sent to the host when it is its turn."""
        async with self._turns:
            task = asyncio.create_task(sending())
            try:
                await self._watch(host, task)
            except asyncio.CancelledError:
                task.cancel()
                raise
        if not task.done():
            self._without_turn[host] = host.snapshot_items
            self._make_room()
        try:
            await task
        finally:
            self._without_turn.pop(host, None)

    async def _watch(self, host: Taker, task: "asyncio.Task[None]") -> None:
        """Until the host has taken all, or nothing for a while.

        Several short looks, as a host is not to blame for the time in which this process did something else.
        """
        looks = 0
        while looks < _LOOKS and not task.done():
            before = host.moved_at
            await asyncio.wait({task}, timeout=self._patience / _LOOKS)
            looks = looks + 1 if host.moved_at == before else 0

    def _make_room(self) -> None:
        while len(self._without_turn) > 1 and sum(self._without_turn.values()) > self._most_items:
            slowest = min(self._without_turn, key=lambda host: host.moved_at)
            del self._without_turn[slowest]
            slowest.give_up()
