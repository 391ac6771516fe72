"""Samples over time: processors and memory by process, and what the controller and the hosts say of themselves."""

import asyncio
import time
from collections.abc import Callable

import psutil

from alcor.scale.http_client import HttpClient, RequestFailed
from alcor.scale.metrics import read_metrics
from alcor.scale.result import Series

_MOST_SAMPLES = 1000

_METRICS = {
    "change-log lag": ("alcor_dpm_log_lag_entries", "entries"),
    "statuses written": ("alcor_dpm_status_writes_total", "ports"),
    "deltas": ("alcor_dpm_deltas_total", "deltas"),
}

Probe = Callable[[], float | None]


class Timeline:
    """Samples everything at an interval while it runs."""

    def __init__(self, client: HttpClient, process_ids: Callable[[], dict[str, int]], interval: float) -> None:
        """``process_ids``: name → process id, of those that run now."""
        self.began = time.monotonic()
        self.times: list[float] = []
        self.series: dict[str, Series] = {}
        self._client = client
        self._process_ids = process_ids
        self._interval = interval
        self._probes: dict[str, tuple[str, Probe]] = {}
        self._processes: dict[int, psutil.Process] = {}
        self._metrics: dict[str, float] = {}

    def now(self) -> float:
        """Seconds since the test began."""
        return time.monotonic() - self.began

    def probe(self, name: str, unit: str, probe: Probe) -> None:
        """Sample this, too."""
        self._probes[name] = (unit, probe)

    def memory(self, process: str) -> float:
        """Bytes that a process has in memory now; 0 when there is none of that name."""
        process_id = self._process_ids().get(process)
        return float(psutil.Process(process_id).memory_info().rss) if process_id is not None else 0.0

    def processor_seconds(self, process: str) -> float:
        """Processor time a process has used so far; 0 when there is none of that name."""
        process_id = self._process_ids().get(process)
        return float(sum(psutil.Process(process_id).cpu_times()[:2])) if process_id is not None else 0.0

    async def run(self) -> None:
        """Sample for ever."""
        reading = asyncio.create_task(self._read_metrics())
        try:
            while True:
                self.sample()
                if len(self.times) >= _MOST_SAMPLES:
                    self._thin_out()
                await asyncio.sleep(self._interval)
        finally:
            reading.cancel()

    def sample(self) -> None:
        """Take one sample."""
        self.times.append(self.now())
        for name, process_id in self._process_ids().items():
            self._sample_process(name, process_id)
        for name, (unit, probe) in self._probes.items():
            self._put(name, unit, probe())
        for name, (metric, unit) in _METRICS.items():
            self._put(name, unit, self._metrics.get(metric))
        for series in self.series.values():
            series.values.extend([None] * (len(self.times) - len(series.values)))

    def _thin_out(self) -> None:
        """Long tests are sampled less often, from their beginning on."""
        self._interval *= 2
        self.times = self.times[::2]
        for series in self.series.values():
            series.values = series.values[::2]

    def _sample_process(self, name: str, process_id: int) -> None:
        try:
            process = self._processes.get(process_id)
            if process is None:
                process = self._processes[process_id] = psutil.Process(process_id)
                process.cpu_percent()  # it counts from the first call on
                return
            self._put(f"cpu {name}", "%", process.cpu_percent())
            self._put(f"memory {name}", "bytes", float(process.memory_info().rss))
        except psutil.NoSuchProcess:
            self._processes.pop(process_id, None)

    def _put(self, name: str, unit: str, value: float | None) -> None:
        series = self.series.setdefault(name, Series(unit, []))
        series.values.extend([None] * (len(self.times) - 1 - len(series.values)))
        series.values.append(value)

    async def _read_metrics(self) -> None:
        while True:
            try:
                self._metrics = await read_metrics(self._client)
            except RequestFailed:
                self._metrics = {}
            await asyncio.sleep(self._interval)
