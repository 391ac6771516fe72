"""How hosts learn of what many of them are told alike, between its plain form and protobuf.

As strict as channels.codec.
"""

from collections.abc import Iterable

from alcor.channels import checks
from alcor.model.goal_state import Feed, Subject
from alcor.southbound.v1 import southbound_pb2 as pb


def feed_messages(feeds: Iterable[tuple[Subject, Feed]]) -> list[pb.Feed]:
    """Feeds as they travel."""
    return [
        pb.Feed(vni=vni, by_topic=feed.by_topic, revision=feed.revision, host_index=feed.host_index)
        for vni, feed in feeds
    ]


def decode_feeds(messages: Iterable[pb.Feed]) -> dict[Subject, Feed]:
    """Feeds, by what they are of. Raises MalformedMessage."""
    return {checks.vni(each.vni): Feed(each.by_topic, each.revision, each.host_index) for each in messages}
