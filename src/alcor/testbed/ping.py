"""Echo requests between workloads."""

import itertools
import re
import signal
import subprocess
import threading
import time

from alcor.testbed.errors import TestbedError
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.waiting import wait_until

_TIME = re.compile(r"icmp_seq=(\d+) .*time=([\d.]+) ms")


def ping_once(namespace: NetworkNamespace, address: str, timeout: float, size: int) -> float | None:
    """Send one echo request with so many bytes of data; the round-trip time in milliseconds, or None when no answer
    came in time (s)."""
    options = ("-n", "-c", "1", "-W", f"{timeout:g}", "-s", str(size))
    output = namespace.run("ping", *options, address, check=False)
    answer = _TIME.search(output)
    return float(answer[2]) if answer else None


class RunningPing:
    """``ping`` in the background, counting answers."""

    def __init__(self, namespace: NetworkNamespace, address: str, interval: float) -> None:
        self.answered: set[int] = set()
        """The numbers of the requests that were answered so far, from 1."""
        self._heard = time.monotonic()
        self._what = f"for {namespace.name} from {address}"
        command = ("ping", "-n", "-i", f"{interval:g}", address)
        self._process = namespace.popen(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._reader = threading.Thread(target=self._read, name=f"ping {address}", daemon=True)
        self._reader.start()

    def wait_for_answers(self, count: int, timeout: float = 30) -> None:
        """Return when so many more requests were answered. Raises TestbedError after the timeout (s)."""
        enough = len(self.answered) + count
        wait_until(lambda: len(self.answered) >= enough or self._ended(), f"answers {self._what}", timeout)

    def wait_for_silence(self, seconds: float = 0.5, timeout: float = 30) -> None:
        """Return when no answer came for some time. Raises TestbedError after the timeout (s)."""
        wait_until(lambda: time.monotonic() - self._heard > seconds or self._ended(), f"silence {self._what}", timeout)

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        self._reader.join(30)

    def lost(self) -> int:
        """How many requests before the last answered one were not answered."""
        return max(self.answered, default=0) - len(self.answered)

    def longest_silence(self) -> int:
        """The most requests in a row, between two that were answered, that were not."""
        numbers = sorted(self.answered)
        return max((later - earlier - 1 for earlier, later in itertools.pairwise(numbers)), default=0)

    def _ended(self) -> bool:
        if self._process.poll() is not None:
            raise TestbedError(f"the ping {self._what} ended by itself")
        return False

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                if answer := _TIME.search(line.decode(errors="replace")):
                    self.answered.add(int(answer[1]))
                    self._heard = time.monotonic()
