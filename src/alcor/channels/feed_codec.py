"""How hosts learn of what many of them are told alike, and with which keys, between its plain form and protobuf.

As strict as channels.codec.
"""

from collections.abc import Iterable
from typing import Any

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import TopicKeys
from alcor.channels.topic_keys import KEY_BYTES
from alcor.model.goal_state import Feed, Subject
from alcor.southbound.v1 import southbound_pb2 as pb


def subject_fields(subject: Subject) -> dict[str, Any]:
    """The field of a message that says what it is of."""
    return {"vni": subject} if isinstance(subject, int) else {"security_group": subject}


def decode_subject(message: pb.Feed | pb.TopicPosition | pb.TopicKey) -> Subject:
    """What a message is of. Raises MalformedMessage."""
    if message.security_group:
        return checks.identifier(message.security_group, "security group")
    return checks.vni(message.vni)


def feed_messages(feeds: Iterable[tuple[Subject, Feed]]) -> list[pb.Feed]:
    """Feeds as they travel."""
    return [
        pb.Feed(
            by_topic=feed.by_topic,
            revision=feed.revision,
            host_index=feed.host_index,
            **subject_fields(subject),
        )
        for subject, feed in feeds
    ]


def decode_feeds(messages: Iterable[pb.Feed]) -> dict[Subject, Feed]:
    """Feeds, by what they are of. Raises MalformedMessage."""
    return {decode_subject(each): Feed(each.by_topic, each.revision, each.host_index) for each in messages}


def encode_topic_keys(told: TopicKeys) -> bytes:
    """What topics are sealed with, as a controller says it."""
    keys = [
        pb.TopicKey(epoch=epoch, key=key, **subject_fields(subject))
        for subject, of_topic in told.keys.items()
        for epoch, key in of_topic.items()
    ]
    return pb.ControllerMessage(topic_keys=pb.TopicKeys(keys=keys)).SerializeToString()


def decode_topic_keys(message: pb.TopicKeys) -> TopicKeys:
    """What topics are sealed with. Raises MalformedMessage."""
    keys: dict[Subject, dict[int, bytes]] = {}
    for each in message.keys:
        if len(each.key) != KEY_BYTES:
            raise MalformedMessage(f"a topic's key has {KEY_BYTES} bytes, not {len(each.key)}")
        keys.setdefault(decode_subject(each), {})[each.epoch] = each.key
    return TopicKeys(keys)
