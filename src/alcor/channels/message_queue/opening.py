"""Opening a message queue, by whoever is told where one is: nobody else needs its client."""

from collections.abc import Awaitable, Callable

import msgspec

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.queue import Queue, QueueUnavailable
from alcor.channels.topics import TopicQueue
from alcor.channels.trust.credentials import CredentialSource


class MessageQueue(msgspec.Struct, frozen=True):
    """A message queue, opened once in a process."""

    streams: Queue
    topics: TopicQueue
    close: Callable[[], Awaitable[None]]
    """Closes all that was opened of either."""
    credentials: CredentialSource | None = None
    """What this process shows, to brokers and over them."""


def open_queue(
    address: QueueAddress,
    credentials: CredentialSource | None = None,
    count: Callable[[str], object] = lambda _kind: None,
) -> MessageQueue:
    """The message queue there; connected to when it is first used. Raises QueueUnavailable without the client.

    ``credentials`` are shown where brokers are reached by TLS; ``count`` is told of refusals, by kind (admission.py).
    """
    try:
        from alcor.channels.message_queue.pulsar_client import PulsarClient
        from alcor.channels.message_queue.pulsar_queue import PulsarQueue
        from alcor.channels.message_queue.pulsar_topics import PulsarTopics
    except ImportError as error:
        raise QueueUnavailable("a message queue needs its client: pip install 'alcor[queue]'") from error
    client = PulsarClient(address, credentials, count)
    return MessageQueue(PulsarQueue(client), PulsarTopics(client), client.close, credentials)
