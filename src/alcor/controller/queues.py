"""The message queues of a controller: hosts are served over each of them, whatever becomes of the others."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import Any

from alcor.channels.fast_path.connected_hosts import ConnectedHosts
from alcor.channels.message_queue.envelopes import Place
from alcor.channels.message_queue.host_trust import HostTrust
from alcor.channels.message_queue.metrics import QueueMetrics
from alcor.channels.message_queue.opening import MessageQueue, open_queue
from alcor.channels.message_queue.queue import QueueUnavailable
from alcor.channels.message_queue.region_queues import RegionQueues
from alcor.channels.message_queue.server import QueueServer
from alcor.channels.messages import Welcome
from alcor.channels.topics import TopicQueue
from alcor.channels.trust.credentials import CredentialSource
from alcor.controller.settings import ControllerError
from alcor.dpm.manager import DataPlaneManager

log = logging.getLogger(__name__)


class ControllerQueues:
    """Of one controller: each is connected to when it is first used."""

    def __init__(self, region: RegionQueues, credentials: CredentialSource | None) -> None:
        """``credentials`` are the controller's own. Raises ControllerError without the client."""
        self.region = region
        self._refused: list[Counter[str]] = [Counter() for _ in region.addresses]
        self._servers: list[QueueServer] = []
        self._manager: DataPlaneManager | None = None
        self._noticed: set[int] = set()  # queues by which hosts of other cells have come
        try:
            self._opened: list[MessageQueue] = [
                open_queue(address, credentials, partial(_count, refused))
                for address, refused in zip(region.addresses, self._refused, strict=True)
            ]
        except QueueUnavailable as error:
            raise ControllerError(str(error)) from error

    @property
    def topics(self) -> list[TopicQueue]:
        """By the number of the queue."""
        return [each.topics for each in self._opened]

    def serve(
        self, welcome: Welcome, manager: DataPlaneManager, hosts: ConnectedHosts, trust: HostTrust | None
    ) -> None:
        """Have ``run()`` serve hosts, as QueueServer does, and say in metrics how each queue does.

        ``manager`` publishes on ``topics``.
        """
        self._manager = manager
        metrics = QueueMetrics()

        def place_of(host_id: str) -> Place | None:
            node = manager.model.nodes.get(host_id)
            return Place(node.topic, node.key) if node is not None and node.topic else None

        for number, (opened, refused) in enumerate(zip(self._opened, self._refused, strict=True)):
            greeted = partial(self._greeted, number)
            server = QueueServer(
                opened.streams, welcome, manager, place_of, hosts, refused=refused, trust=trust, greeted=greeted
            )
            self._servers.append(server)
            assert manager.publishing is not None, "it publishes on topics"
            elsewhere = partial(self._hosts_of_other_cells, number)
            metrics.show(self.region.addresses[number].text, server, manager.publishing.each[number], elsewhere)

    def _greeted(self, number: int, host_id: str) -> None:
        """Say of a host that came by another queue than that of its cell that it did: aloud of the first of a queue."""
        if self._manager is None or not self._is_of_another_cell(number, host_id):
            return
        log.log(
            logging.DEBUG if number in self._noticed else logging.WARNING,
            "host %s of cell %r comes by %s, which is not the message queue of its cell: it is served, and told by its "
            "stream what others read; set message_queue of its agent, or the cell of its node",
            host_id,
            self._manager.model.nodes[host_id].cell,
            self.region.addresses[number].text,
        )
        self._noticed.add(number)

    def _is_of_another_cell(self, number: int, host_id: str) -> bool:
        node = None if self._manager is None else self._manager.model.nodes.get(host_id)
        return node is not None and self.region.cells.queue_of(node.cell) != number

    def _hosts_of_other_cells(self, number: int) -> int:
        """How many hosts are served over a queue that is not that of their cell. The cost is that of those served."""
        if not self.region.cells.by_cell:
            return 0
        return sum(self._is_of_another_cell(number, host_id) for host_id in self._servers[number].host_ids())

    def tell_ncms(self, addresses: Collection[str]) -> None:
        """See FastPathServer.tell_ncms."""
        for server in self._servers:
            server.tell_ncms(addresses)

    async def run(self) -> None:
        """Serve for ever; survives brokers that are away."""
        async with asyncio.TaskGroup() as tasks:
            for server in self._servers:
                tasks.create_task(server.run())

    async def stop(self, grace: float) -> None:
        """See QueueServer.stop."""
        await asyncio.gather(*(server.stop(grace) for server in self._servers))

    async def close(self) -> None:
        """Close all that was opened."""
        await asyncio.gather(*(each.close() for each in self._opened))

    def figures(self) -> dict[str, Any]:
        """What operators are shown: of all queues together, and of each."""
        refused: Counter[str] = sum(self._refused, Counter())
        queues = [self._figures(number) for number in range(len(self._servers))]
        return {
            "hosts": sum(each["hosts"] for each in queues),
            "trouble": "; ".join(_trouble(each, len(queues) > 1) for each in queues if each["trouble"]),
            "refused": dict(refused),
            "queues": queues,
        }

    def _figures(self, number: int) -> dict[str, Any]:
        server, region = self._servers[number], self.region
        assert self._manager is not None and self._manager.publishing is not None, "it serves"
        publishing = self._manager.publishing.each[number]
        return {
            "address": region.addresses[number].text,
            "cells": region.cells_of(number),
            "other_cells": region.cells.others == number,
            "hosts": server.hosts,
            "hosts_of_other_cells": self._hosts_of_other_cells(number),
            "trouble": server.trouble,
            "refused": dict(server.refused),
            "topics": publishing.topics,
            "turns": publishing.turns,
            "lag_seconds": publishing.lag_seconds(),
        }


def _count(refused: Counter[str], kind: str) -> None:
    refused[kind] += 1


def _trouble(figures: dict[str, Any], is_named: bool) -> str:
    return f"{figures['address']}: {figures['trouble']}" if is_named else str(figures["trouble"])
