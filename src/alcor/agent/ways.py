"""Which way the agent goes to a controller."""

from collections.abc import Callable

import msgspec

from alcor.agent.counters import Counters
from alcor.channels.either_way import AgentClient, EitherWay
from alcor.channels.fast_path.client import FastPathClient
from alcor.channels.message_queue.client import QueueClient
from alcor.channels.message_queue.queue import Queue
from alcor.channels.messages import Hello
from alcor.channels.told import Told
from alcor.channels.trust.credentials import CredentialSource

QUEUE_ONLY = "queue"
"""The channel of agents that do not use the fast path."""


def open_way(
    fast: FastPathClient,
    hello: Callable[[], Hello],
    told: Told,
    counters: Counters,
    queue: Queue | None,
    channel: str,
    credentials: CredentialSource | None = None,
) -> AgentClient:
    """A client for the host: of the fast path, of the queue, or of both where the settings leave it to the agent.

    ``credentials`` are those that the host shows on the fast path.
    """
    if queue is None:
        return fast

    def unrelayed() -> Hello:
        return msgspec.structs.replace(hello(), relayed_by="")

    queued = QueueClient(queue, unrelayed, told=told, count=counters.add, credentials=credentials)
    return queued if channel == QUEUE_ONLY else EitherWay(fast, queued)
