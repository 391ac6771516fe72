"""Connecting to a message queue, by whoever is told where one is: nobody else needs its client."""

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.queue import Queue, QueueUnavailable


def connect(address: QueueAddress) -> Queue:
    """The message queue there; connected to when it is first used. Raises QueueUnavailable without the client."""
    try:
        from alcor.channels.message_queue.pulsar_queue import PulsarQueue
    except ImportError as error:
        raise QueueUnavailable("a message queue needs its client: pip install 'alcor[queue]'") from error
    return PulsarQueue(address)
