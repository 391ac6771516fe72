"""Sealing what is published on topics, so that nobody reads it, and nobody is taken for its publisher, without the key.

Whoever publishes makes a salt by chance in each epoch, and numbers what it seals: the key follows from the topic's and
from the salt, the number is the nonce. So none is used twice with a key, whoever publishes, and however often that one
starts anew.
"""

import os
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.topic_keys import KEY_BYTES, TopicKeySchedule
from alcor.channels.topics import VERSION, TopicQueue, TopicReader, TopicWriter
from alcor.southbound.v1 import topics_pb2 as pb

SEALED_VERSION = 2
SALT_BYTES = 16
_NONCE_BYTES = 12


class NotOpened(MalformedMessage):
    """A message of a topic is not sealed as it should be, or with a key that is not known here."""


class TopicSealer:
    """Of one who publishes on a topic."""

    def __init__(self, topic: str, keys: TopicKeySchedule) -> None:
        self._topic, self._keys = topic, keys
        self._key = self._salt = b""
        self._cipher: AESGCM | None = None
        self._number = 0

    def seal(self, data: bytes) -> bytes:
        """A message as it is published."""
        epoch, key = self._keys.current(self._topic)
        if self._cipher is None or key != self._key:
            self._key, self._salt, self._number = key, os.urandom(SALT_BYTES), 0
            self._cipher = _cipher(key, self._salt)
        self._number += 1
        beside = _beside(self._topic, epoch, self._number)
        sealed = self._cipher.encrypt(self._number.to_bytes(_NONCE_BYTES), data, beside)
        message = pb.SealedMessage(epoch=epoch, salt=self._salt, number=self._number, sealed=sealed)
        return pb.TopicMessage(version=SEALED_VERSION, sealed=message).SerializeToString()


class TopicOpener:
    """Of one who reads a topic."""

    def __init__(self, topic: str, keys: Mapping[int, bytes]) -> None:
        """``keys`` are those of the topic, by epochs. With any, all that is published has to be sealed."""
        self.keys = keys
        self._topic = topic
        self._opened: tuple[bytes, bytes] | None = None  # the topic's key, and the salt, of the cipher
        self._cipher: AESGCM | None = None

    def open(self, data: bytes) -> bytes:
        """A message as it was before it was published. Raises NotOpened, or MalformedMessage when it is none at all.

        What is of a later version is left as it is.
        """
        message = checks.parse(pb.TopicMessage, data)
        if message.version == SEALED_VERSION:
            return self._unsealed(message.sealed)
        if message.version == VERSION and self.keys:
            raise NotOpened("it is not sealed")
        return data

    def _unsealed(self, message: pb.SealedMessage) -> bytes:
        key = self.keys.get(message.epoch)
        if key is None:
            raise NotOpened("it is sealed with a key that this host was not told")
        if len(message.salt) != SALT_BYTES:
            raise NotOpened(f"a salt has {SALT_BYTES} bytes, not {len(message.salt)}")
        if self._cipher is None or self._opened != (key, message.salt):
            self._opened, self._cipher = (key, message.salt), _cipher(key, message.salt)
        beside = _beside(self._topic, message.epoch, message.number)
        try:
            return self._cipher.decrypt(message.number.to_bytes(_NONCE_BYTES), message.sealed, beside)
        except (InvalidTag, ValueError) as error:
            raise NotOpened("it is not sealed with the topic's key") from error


class SealedTopics:
    """A TopicQueue on which all that is published is sealed."""

    def __init__(self, queue: TopicQueue, keys: TopicKeySchedule) -> None:
        self._queue, self._keys = queue, keys

    async def read(self, topic: str) -> TopicReader:
        """See TopicQueue; a TopicOpener opens what is read."""
        return await self._queue.read(topic)

    def write(self, topic: str, turn: Callable[[], None]) -> TopicWriter:
        """See TopicQueue."""
        return _SealingWriter(self._queue.write(topic, turn), TopicSealer(topic, self._keys))


class _SealingWriter:
    """A TopicWriter."""

    def __init__(self, writer: TopicWriter, sealer: TopicSealer) -> None:
        self._writer, self._sealer = writer, sealer

    def send(self, data: bytes, lost: Callable[[], None]) -> None:
        """See TopicWriter."""
        self._writer.send(self._sealer.seal(data), lost)

    def close(self) -> None:
        """See TopicWriter."""
        self._writer.close()


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), KEY_BYTES, salt=salt, info=b"alcor topic messages").derive(key))


def _beside(topic: str, epoch: int, number: int) -> bytes:
    return epoch.to_bytes(8) + number.to_bytes(8) + topic.encode()
