"""The keys that topics are sealed with where hosts and controllers show each other certificates.

Each is of one topic and one epoch, and follows from a secret that the controllers of a region share: so all of them
have the same without a word. A host is told those of the topics that it may read, of each epoch a while before that
begins. One that may not any more reads on until the last epoch has ended of which it was told.
"""

import time
from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
USUAL_EPOCH_SECONDS = 3600.0

_AHEAD = 1 / 4  # of an epoch
_REMEMBERED = 4096


class TopicKeySchedule:
    """Which keys there are, and when."""

    def __init__(
        self, secret: Callable[[], bytes], epoch_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        """``secret`` gives the region's secret at any time; ``clock`` is in seconds since the Unix epoch. Clocks of
        controllers may differ by an eighth of ``epoch_seconds``.
        """
        self._secret, self._epoch_seconds, self._clock = secret, epoch_seconds, clock

    @property
    def telling_seconds(self) -> float:
        """How long it may take to tell all hosts of an epoch's keys, so that all have them when it begins anywhere."""
        return self._epoch_seconds * _AHEAD / 2

    @property
    def latest(self) -> int:
        """The last epoch of which hosts are told the keys now."""
        return self._epoch_in(self._epoch_seconds * _AHEAD)

    def current(self, topic: str) -> tuple[int, bytes]:
        """The epoch, and the topic's key in it."""
        epoch = self._epoch_in(0.0)
        return epoch, self._key(topic, epoch)

    def told(self, topic: str) -> dict[int, bytes]:
        """The keys that readers of the topic need by now, and soon, by their epochs."""
        first = self._epoch_in(-self._epoch_seconds * _AHEAD)
        return {epoch: self._key(topic, epoch) for epoch in range(first, self.latest + 1)}

    def _epoch_in(self, seconds: float) -> int:
        return int((self._clock() + seconds) // self._epoch_seconds)

    def _key(self, topic: str, epoch: int) -> bytes:
        return _topic_key(self._secret(), topic, epoch, round(self._epoch_seconds * 1000))


@lru_cache(_REMEMBERED)
def _topic_key(secret: bytes, topic: str, epoch: int, epoch_milliseconds: int) -> bytes:
    info = b"alcor topic key\0" + epoch.to_bytes(8) + epoch_milliseconds.to_bytes(8) + topic.encode()
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)
