"""How hosts learn of what many of them are told alike, between its plain form and protobuf.

As strict as channels.codec.
"""

from collections.abc import Iterable
from typing import Any

from alcor.channels import checks
from alcor.model.goal_state import Feed, Subject
from alcor.southbound.v1 import southbound_pb2 as pb


def subject_fields(subject: Subject) -> dict[str, Any]:
    """The field of a message that says what it is of."""
    return {"vni": subject} if isinstance(subject, int) else {"security_group": subject}


def decode_subject(message: pb.Feed | pb.TopicPosition) -> Subject:
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
