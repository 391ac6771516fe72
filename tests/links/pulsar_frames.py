"""What a proxy between a Pulsar broker and its client may do to them: repeat, reorder and hold up messages, hang up.

Pulsar speaks in frames: the octets that follow, those of the command, the command (protobuf), and of messages the rest.
Of a command only its type is looked at, which comes first, and whose message it is. All follows from a seed.
"""

import random
import time
from collections import Counter

import msgspec

from tests.links.links import Meddle, Meddling

_SEND, _MESSAGE, _LOOKUP_RESPONSE = 6, 9, 24  # pulsar.proto.BaseCommand.Type, and the number of its field
_TYPE_TAG = 0x08
_LONGEST_HOLD = 0.1  # seconds


class Chances(msgspec.Struct):
    """Of what happens to a message. They may be changed at any time; all of none is a proxy that does nothing."""

    repeated: float = 0.0  # by the broker: it comes twice, the second time perhaps later
    sent_twice: float = 0.0  # by the client, as one does that did not hear of the first
    swapped: float = 0.0  # comes after those that follow
    hung_up: float = 0.0  # the connection ends

    def set(self, repeated: float = 0.0, sent_twice: float = 0.0, swapped: float = 0.0, hung_up: float = 0.0) -> None:
        """From now on; all else never happens."""
        self.repeated, self.sent_twice, self.swapped, self.hung_up = repeated, sent_twice, swapped, hung_up


class PulsarMeddling:
    """For all connections of one link, which the client must be pointed at.

    A broker tells a client where the broker of a topic is: that is put right, so that the client comes this way again.
    """

    def __init__(self, broker: str, link: str, chances: Chances, seed: int) -> None:
        """``broker`` and ``link`` are HOST:PORT, of the same length, so that nothing else of a frame changes."""
        assert len(broker) == len(link), f"{broker} and {link} differ in length"
        self.broker, self.link, self.chances, self._seed = broker.encode(), link.encode(), chances, seed
        self.done: Counter[str] = Counter()
        """What became of messages."""

    def meddle(self) -> Meddle:
        """For a link."""

        def make(number: int, from_client: bool) -> Meddling:
            dice = random.Random(f"{self._seed} {number} {from_client}")
            return _FromClient(self, dice) if from_client else _FromBroker(self, dice)

        return make


class _Frames:
    """Cuts a stream into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> list[bytes]:
        frames, self._rest = [], self._rest + data
        while len(self._rest) >= 4:
            size = 4 + int.from_bytes(self._rest[:4])
            if len(self._rest) < size:
                break
            frames.append(self._rest[:size])
            self._rest = self._rest[size:]
        return frames


class _FromClient:
    def __init__(self, proxy: PulsarMeddling, dice: random.Random) -> None:
        self._proxy, self._dice, self._frames = proxy, dice, _Frames()

    def take(self, data: bytes) -> bytes:
        passed = []
        for frame in self._frames.take(data):
            passed.append(frame)
            if kind_of(frame) == _SEND and self._dice.random() < self._proxy.chances.sent_twice:
                self._proxy.done["sent twice"] += 1
                passed.append(frame)
        return b"".join(passed)

    def holds(self) -> bool:
        return False

    def release(self) -> bytes:
        return b""


class _FromBroker:
    def __init__(self, proxy: PulsarMeddling, dice: random.Random) -> None:
        self._proxy, self._dice, self._frames = proxy, dice, _Frames()
        self._held: list[tuple[float, bytes]] = []  # until when

    def take(self, data: bytes) -> bytes:
        passed: list[bytes] = []
        for frame in self._frames.take(data):
            kind = kind_of(frame)
            if kind == _MESSAGE:
                self._deliver(frame, passed)
            elif kind == _LOOKUP_RESPONSE:
                passed.append(frame.replace(self._proxy.broker, self._proxy.link))
            else:
                passed.append(frame)
        return b"".join(passed)

    def _deliver(self, frame: bytes, passed: list[bytes]) -> None:
        chances, done, throw = self._proxy.chances, self._proxy.done, self._dice.random
        if throw() < chances.hung_up:
            done["hung up"] += 1
            raise ConnectionAbortedError
        if throw() < chances.swapped:
            done["held back"] += 1
            self._hold(frame)
            return
        done["passed on"] += 1
        passed.append(frame)
        if throw() < chances.repeated:
            done["repeated"] += 1
            if throw() < 0.5:
                passed.append(frame)
            else:
                self._hold(frame)

    def _hold(self, frame: bytes) -> None:
        """For a while in which others may overtake it."""
        self._held.append((time.monotonic() + self._dice.uniform(0.0, _LONGEST_HOLD), frame))

    def holds(self) -> bool:
        return bool(self._held)

    def release(self) -> bytes:
        now = time.monotonic()
        due = [frame for until, frame in self._held if until <= now]
        self._held = [(until, frame) for until, frame in self._held if until > now]
        self._dice.shuffle(due)
        return b"".join(due)


def kind_of(frame: bytes) -> int:
    """The type of a frame's command."""
    assert frame[8] == _TYPE_TAG, "the type is a command's first field"
    return frame[9]
