"""Opening a message queue, by whoever is told where one is: nobody else needs its client."""

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.queue import QueueUnavailable
from alcor.channels.topics import TopicQueue


def open_topics(address: QueueAddress) -> TopicQueue:
    """Topics of VPCs there; connected to when they are first used. Raises QueueUnavailable without the client."""
    try:
        from alcor.channels.message_queue.pulsar_topics import PulsarTopics
    except ImportError as error:
        raise QueueUnavailable("a message queue needs its client: pip install 'alcor[queue]'") from error
    return PulsarTopics(address)
