"""From the request for a port until its host has programmed it, and until the API shows it ACTIVE."""

import asyncio
import contextlib
import time
from array import array
from collections.abc import Iterable

from alcor.model.identifiers import Id, id_text
from alcor.scale.http_client import HttpClient, RequestFailed

_SAMPLES_AT_ONCE = 4
_SAMPLE_SECONDS = 0.05  # between the beginnings of two samples
_POLL_SECONDS = 0.005


class PortTracker:
    """Ports that are waited for. Times are of time.monotonic."""

    def __init__(self, client: HttpClient) -> None:
        self.programmed = 0
        """Ports programmed since the test began, moved and resent ones again."""
        self.up_latencies = array("d")
        self.active_latencies = array("d")  # of a sample
        self._client = client
        self._waiting: dict[Id, float] = {}  # and when they were asked for
        self._early: dict[Id, float] = {}  # programmed before the answer to the request said their ids
        self._samples: set[asyncio.Task[None]] = set()
        self._sampled_at = 0.0

    @property
    def waiting(self) -> int:
        """How many ports are not programmed yet."""
        return len(self._waiting)

    def begin(self) -> None:
        """Measure anew."""
        self.up_latencies, self.active_latencies = array("d"), array("d")
        self._waiting.clear()
        self._early.clear()

    def expect(self, port_ids: Iterable[Id], since: float) -> None:
        """These ports were asked for at that time."""
        port_id = None
        for port_id in port_ids:
            programmed = self._early.pop(port_id, 0.0)
            if programmed >= since:
                self.up_latencies.append(programmed - since)
            else:
                self._waiting[port_id] = since
        if port_id is not None:
            self._sample(port_id, since)

    def programmed_at(self, events: list[tuple[Id, float]]) -> None:
        """Hosts say that they have programmed ports."""
        self.programmed += len(events)
        for port_id, at in events:
            since = self._waiting.pop(port_id, None)
            if since is None:
                self._early[port_id] = at
            else:
                self.up_latencies.append(at - since)

    async def finish_samples(self) -> None:
        """Wait for the samples under way."""
        await asyncio.gather(*self._samples, return_exceptions=True)

    def _sample(self, port_id: Id, since: float) -> None:
        now = time.monotonic()
        if len(self._samples) < _SAMPLES_AT_ONCE and now - self._sampled_at >= _SAMPLE_SECONDS:
            self._sampled_at = now
            task = asyncio.create_task(self._watch(port_id, since))
            self._samples.add(task)
            task.add_done_callback(self._samples.discard)

    async def _watch(self, port_id: Id, since: float) -> None:
        path = f"/v2.0/ports/{id_text(port_id)}?fields=status"
        with contextlib.suppress(RequestFailed):
            status = ""
            while status != "ACTIVE":
                status = (await self._client.json("GET", path))["port"]["status"]
                await asyncio.sleep(_POLL_SECONDS)
            self.active_latencies.append(time.monotonic() - since)
