"""Fleets in processes of their own, so that simulated hosts and the load generator do not wait for each other."""

import asyncio
import contextlib
import logging
import multiprocessing
import threading
import time
from array import array
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import Any

import msgspec
import uvloop

from alcor.channels.fast_path.opening import open_plain, opens_trusted
from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.opening import open_queue
from alcor.channels.trust.credentials import Credentials
from alcor.model.identifiers import Id
from alcor.scale.asking import Answers, AskedVpc, News, Questions
from alcor.scale.counts import Counts
from alcor.scale.errors import ScaleError
from alcor.scale.fleet import Events, Fleet, host_name
from alcor.scale.scenario import Hosts
from alcor.scale.seen import Heard
from alcor.scale.trust import FleetCertificate

_REPORT_SECONDS = 0.1
_STOP_SECONDS = 10.0


class Share(msgspec.Struct, frozen=True):
    """The hosts of one process, ``count`` of them from number ``first``, and how they reach controllers."""

    southbound: str
    hosts: Hosts
    first: int
    count: int
    message_queue: QueueAddress | None
    credentials: Credentials | None


class Start(msgspec.Struct, tag=True):
    """Connect the hosts."""


class Cut(msgspec.Struct, tag=True):
    """Cut some of the connections."""

    fraction: float
    away_seconds: float


class Slow(msgspec.Struct, tag=True):
    """Make some hosts slow."""

    fraction: float
    seconds: float


class Watch(msgspec.Struct, tag=True):
    """Note what hosts hear, or no more."""

    on: bool


class OpenStreams(msgspec.Struct, tag=True):
    """Let hosts connect to the Network Config Manager."""

    hosts: list[tuple[int, int]]  # host number, and the place in the list of the VPC it asks about
    vpcs: list[AskedVpc]


class AskPeers(msgspec.Struct, tag=True):
    """Let the hosts ask that have a stream."""

    questions: Questions


class CloseStreams(msgspec.Struct, tag=True):
    """Let no host ask any more."""


Command = Start | Cut | Slow | Watch | OpenStreams | AskPeers | CloseStreams


class Report(msgspec.Struct, array_like=True):
    """What a fleet says of itself, several times a second."""

    counts: Counts
    events: Events


_encode = msgspec.msgpack.Encoder().encode
_decode_command = msgspec.msgpack.Decoder(Command).decode
_decode_report = msgspec.msgpack.Decoder(Report).decode


class Fleets:
    """All simulated hosts of a test. ``on_up`` is told when ports were programmed (time.monotonic)."""

    def __init__(
        self,
        southbound: str,
        hosts: Hosts,
        on_up: Callable[[list[tuple[Id, float]]], None],
        message_queue: QueueAddress | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        """They show ``credentials``, if there are any."""
        self.counts = Counts()
        self.connect_seconds = array("d")  # of hosts, from the attempt to the first goal state
        self.heard: list[Heard] = []
        self.news: list[News] = []
        self.answers: list[Answers] = []
        self._on_up = on_up
        self._counts: list[Counts] = [Counts() for _ in range(hosts.processes)]
        self._trouble = ""
        self._heard: set[int] = set()
        self._fleets: list[tuple[Any, Pipe]] = []
        context = multiprocessing.get_context("spawn")
        share, more = divmod(hosts.count, hosts.processes)
        first = 0
        for number in range(hosts.processes):
            count = share + (number < more)
            ours, theirs = context.Pipe()
            own = Share(southbound, hosts, first, count, message_queue, credentials)
            process = context.Process(target=_run, args=(theirs, own), daemon=True, name=f"hosts-{number + 1}")
            process.start()
            theirs.close()
            self._fleets.append((process, ours))
            first += count

    @property
    def ready(self) -> bool:
        """Whether all processes have said something."""
        return len(self._heard) == len(self._fleets)

    @property
    def processes(self) -> dict[str, int]:
        """Name → process id."""
        return {process.name: process.pid for process, _ in self._fleets}

    def listen(self) -> None:
        """Take in what the fleets report, on the running event loop, from now on."""
        for number, (_, pipe) in enumerate(self._fleets):
            _read(pipe, partial(self._take_in, number), _nothing)

    def tell(self, command: Command) -> None:
        """Have all fleets do something. Raises ScaleError when one has died."""
        for process, pipe in self._fleets:
            try:
                pipe.send_bytes(_encode(command))
            except OSError as error:
                raise ScaleError(f"the process of {process.name} ended, with status {process.exitcode}") from error

    def check(self) -> None:
        """Raises ScaleError when a fleet has died, or its hosts cannot ask."""
        if self._trouble:
            raise ScaleError(self._trouble)
        for process, _ in self._fleets:
            if not process.is_alive():
                raise ScaleError(f"the process of {process.name} ended, with status {process.exitcode}")

    def stop(self) -> None:
        """End all fleets."""
        for process, pipe in self._fleets:
            process.terminate()
            process.join(_STOP_SECONDS)
            process.kill()
            pipe.close()

    def _take_in(self, number: int, data: bytes) -> None:
        report = _decode_report(data)
        self._heard.add(number)
        self._counts[number] = report.counts
        self.connect_seconds.frombytes(report.events.connects)
        self._on_up(report.events.up)
        self.heard.extend(report.events.heard)
        self.news.extend(report.events.news)
        if report.events.answers is not None:
            self.answers.append(report.events.answers)
        self._trouble = self._trouble or report.events.trouble
        fields = Counts.__struct_fields__
        self.counts = Counts(*(sum(getattr(counts, field) for counts in self._counts) for field in fields))


def _nothing() -> None:
    """A fleet that ended is noticed by check()."""


def _read(pipe: Pipe, on_message: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
    """Call these on the running event loop.

    A thread reads: an event loop that watched the pipe would make it non-blocking, in both directions.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            try:
                while True:
                    loop.call_soon_threadsafe(on_message, pipe.recv_bytes())
            except (EOFError, OSError):
                loop.call_soon_threadsafe(on_end)

    threading.Thread(target=read, daemon=True).start()


def _run(pipe: Pipe, share: Share) -> None:
    logging.basicConfig(level=logging.ERROR)
    uvloop.run(_open_and_serve(pipe, share))


async def _open_and_serve(pipe: Pipe, share: Share) -> None:
    certificate = None if share.credentials is None else FleetCertificate(share.credentials, share.southbound)
    shown = None if certificate is None else certificate.current
    queue = None if share.message_queue is None else open_queue(share.message_queue, shown)
    open_channel = open_plain if shown is None else opens_trusted(shown)
    renewing = None if certificate is None else asyncio.create_task(certificate.run())
    try:
        fleet = Fleet(share.southbound, share.first, share.count, share.hosts, queue, open_channel)
        await _serve(fleet, pipe)
    finally:
        if renewing is not None:
            renewing.cancel()
        if queue is not None:
            await queue.close()


async def _serve(fleet: Fleet, pipe: Pipe) -> None:
    started, gone = asyncio.Event(), asyncio.Event()

    def obey(data: bytes) -> None:
        match _decode_command(data):
            case Start():
                started.set()
            case Cut(fraction, away_seconds):
                fleet.cut(fraction, away_seconds)
            case Slow(fraction, seconds):
                fleet.slow(fraction, seconds)
            case Watch(on):
                fleet.seen.watching = on
            case OpenStreams(hosts, vpcs):
                own = [(host_name(number), number, vpc) for number, vpc in hosts if number in fleet.numbers]
                fleet.asking.open(own, vpcs)
            case AskPeers(questions):
                fleet.asking.ask(questions)
            case CloseStreams():
                fleet.asking.close()

    _read(pipe, obey, gone.set)  # it is gone when the process that made this one is
    tasks = [asyncio.create_task(_connect(fleet, started)), asyncio.create_task(_report(fleet, pipe))]
    done, _ = await asyncio.wait([*tasks, asyncio.create_task(_end(gone))], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for task in done:
        task.result()


async def _connect(fleet: Fleet, started: asyncio.Event) -> None:
    await started.wait()
    await fleet.run()


async def _end(gone: asyncio.Event) -> None:
    await gone.wait()


async def _report(fleet: Fleet, pipe: Pipe) -> None:
    loop = asyncio.get_running_loop()
    while True:
        began = time.monotonic()
        report = _encode(Report(fleet.counts, fleet.events()))
        try:
            await loop.run_in_executor(None, pipe.send_bytes, report)  # waits while the reader is busy
        except OSError:
            return
        await asyncio.sleep(max(0.0, _REPORT_SECONDS - (time.monotonic() - began)))
