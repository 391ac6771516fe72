"""A stream of numbered datagrams from one workload to another, to see whether any is lost."""

import contextlib
import threading
import time
from collections.abc import Iterator

from alcor.dataplane.driver import Endpoint
from alcor.testbed.waiting import until
from tests.conformance.driver import packets
from tests.e2e.ovs.fabric import OvsHost

_PACE_SECONDS = 0.001
_MARK = b"stream "
_HEADERS = 14 + 20 + 8


class Stream:
    """Sends for as long as it runs."""

    def __init__(self, source_host: OvsHost, source: Endpoint, target_host: OvsHost, target: Endpoint) -> None:
        self.sent = 0
        self._source, self._target = source, target
        self._sender = source_host.sniffers[source.port_id]
        self._receiver = target_host.sniffers[target.port_id]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    async def goes_on(self, datagrams: int = 100) -> None:
        """Return when so many more have arrived."""
        enough = len(self.received()) + datagrams
        await until(lambda: len(self.received()) >= enough, f"{datagrams} more datagrams of the stream")

    def received(self) -> list[int]:
        """The numbers that arrived, in the order in which they did."""
        return [
            int(frame[_HEADERS + len(_MARK) :][:8])
            for frame in list(self._receiver.frames)
            if frame[_HEADERS:].startswith(_MARK)
        ]

    def end(self) -> None:
        self._ended.set()
        self._thread.join(10)

    async def has_lost_nothing(self) -> None:
        """Return when everything sent has arrived, in order and once. Raises AssertionError."""
        await until(lambda: len(self.received()) >= self.sent, "the last datagrams of the stream")
        assert self.received() == list(range(self.sent))

    def _send(self) -> None:
        source, target = self._source, self._target
        while not self._ended.is_set():
            data = _MARK + b"%08d" % self.sent
            self._sender.send(packets.udp_frame(target.mac, source.mac, source.ipv4[0], target.ipv4[0], data))
            self.sent += 1
            time.sleep(_PACE_SECONDS)


@contextlib.contextmanager
def stream(source_host: OvsHost, source: Endpoint, target_host: OvsHost, target: Endpoint) -> Iterator[Stream]:
    """A stream that ends with the block."""
    running = Stream(source_host, source, target_host, target)
    try:
        yield running
    finally:
        running.end()
