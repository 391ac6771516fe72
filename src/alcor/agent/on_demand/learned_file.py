"""What was learned, on disk: so that an agent that restarts without a controller does not forget its workloads' peers.

Written at most once a second, and not waited for: what is lost is asked for again.
"""

import asyncio
import logging
from pathlib import Path

from alcor.agent.counters import Counters
from alcor.agent.on_demand.on_demand import OnDemand

log = logging.getLogger(__name__)

FILE_NAME = "learned.msgpack"
_SECONDS = 1.0


class LearnedFile:
    """Keeps the file like what is known."""

    def __init__(self, directory: Path, on_demand: OnDemand, counters: Counters) -> None:
        self._path = directory / FILE_NAME
        self._on_demand, self._counters = on_demand, counters
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
            self._on_demand.restore(data)
            self._written = data
        except ValueError as error:
            log.error("%s is damaged (%s): peers are asked for anew", self._path, error)

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await asyncio.sleep(_SECONDS)
            data = self._on_demand.learned.dump()
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
