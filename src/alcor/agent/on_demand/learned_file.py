"""What was learned, on disk: so that an agent that restarts without a controller does not forget its workloads' peers.

What routers send to is kept in the same way, so that a restart is not noticed by what is routed.

Written at most once a second, and not waited for: what is lost is asked for again.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from alcor.agent.counters import Counters

log = logging.getLogger(__name__)

LEARNED, NEXT_HOPS = "learned.msgpack", "next-hops.msgpack"
"""File names."""
_SECONDS = 1.0


class LearnedFile:
    """Keeps the file like what is known."""

    def __init__(
        self, path: Path, dump: Callable[[], bytes], restore: Callable[[bytes], None], counters: Counters
    ) -> None:
        """``restore`` raises ValueError for what is no dump."""
        self._path, self._counters = path, counters
        self._dump, self._restore = dump, restore
        self._written = b""

    def load(self) -> None:
        """Take up what an earlier life left. Whatever the file holds, this ends well."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            log.error("cannot read %s (%s): peers are asked for anew", self._path, error)
            return
        try:
            self._restore(data)
            self._written = data
        except ValueError as error:
            log.error("%s is damaged (%s): peers are asked for anew", self._path, error)

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await asyncio.sleep(_SECONDS)
            data = self._dump()
            if data == self._written:
                continue
            try:
                await asyncio.to_thread(self._write, data)
            except OSError as error:
                if self._counters.add("disk_errors"):
                    log.error("cannot write %s: %s", self._path, error)
            else:
                self._written = data

    def _write(self, data: bytes) -> None:
        new = self._path.with_suffix(".new")
        new.write_bytes(data)
        new.rename(self._path)
