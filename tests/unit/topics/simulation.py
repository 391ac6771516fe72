"""Controllers, hosts and a message queue in one process, in a time that passes only while everybody waits."""

import asyncio
import tempfile
from collections.abc import Callable, Collection, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry

from alcor.agent.counters import Counters
from alcor.agent.reports import Reports
from alcor.agent.sequence import Sequence, Verdict
from alcor.agent.topics import Topics
from alcor.agent.wanted import Wanted
from alcor.channels.agent_codec import decode_agent_message, encode_agent_message
from alcor.channels.cells import ONE_QUEUE, Cells
from alcor.channels.checks import parse
from alcor.channels.codec import GoalStateAssembler
from alcor.channels.encoding import GoalStateEncoder
from alcor.channels.fast_path.server import HostStream
from alcor.channels.messages import (
    Acknowledgement,
    AgentMessage,
    GoalStateDigest,
    Hello,
    PortReport,
    ResyncRequest,
    TopicPosition,
)
from alcor.channels.told import FromController, Told
from alcor.channels.topic_keys import TopicKeySchedule
from alcor.dpm.digests import host_digest
from alcor.dpm.holding import Everything, ServedHosts
from alcor.dpm.loading import load
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.partial import missing_records, needed
from alcor.dpm.partial_reading import Batch
from alcor.dpm.placing import Placing
from alcor.dpm.publishing import Publishing
from alcor.dpm.read_model import ReadModel
from alcor.dpm.settings import DpmSettings
from alcor.model.digest import digest_of
from alcor.model.goal_state import GoalStateDelta
from alcor.model.records import LogEntry, NetworkAclRecord, PortRecord, Record, SubnetRecord, VpcRecord
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.topic_queue import TopicQueueInProcess
from tests.unit.dpm.cloud import HOSTS, Cloud
from tests.unit.dpm.test_partial import CloudTables, may_happen

LOG_ID = b"the change log.."
SECRET = b"what controllers share of topics"
_BEGAN = 1_000_000.0  # seconds since the Unix epoch
TOPIC_INTERVAL = 20
"""Seconds between two messages of a topic at most: three looks fit into what is waited for here."""
HOLD_SECONDS = 30.0
"""How long a topic stays on a queue of whose cells no host has it any more."""
_Result = TypeVar("_Result")


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop on which waiting takes no time."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        loop = cast(Any, self)
        if not loop._ready and loop._scheduled:
            self.now = max(self.now, loop._scheduled[0]._when)
        cast(Any, super())._run_once()


def run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(coroutine)


class Log:
    """The change log and the tables, as a controller's Store."""

    log_id = LOG_ID

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.entries: list[LogEntry] = []

    def append(self, records: Iterable[Record]) -> None:
        self.entries.append(LogEntry(len(self.entries) + 1, tuple(records)))

    async def read(self, function: Callable[[Any], _Result]) -> _Result:
        return function(None)

    async def write(self, operation: object) -> bytes:
        return b"what relays share"


class Behind:
    """A Holding that reads the log up to where it is held back."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.up_to = 0
        everything = Everything()
        self.has, self.take_in, self.release = everything.has, everything.take_in, everything.release

    def load(self, connection: object) -> ReadModel:
        model = load(len(self._log.entries), self._log.cloud.records())
        model.served = set()
        return model

    def read(self, connection: object, model: ReadModel, hosts: Collection[str]) -> Batch:
        return Batch(max(self.up_to, model.revision), self._log.entries[model.revision : self.up_to])


class BehindWithItsShare:
    """The same, that holds what concerns the hosts it serves. For these it reads to the end of the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.up_to = 0
        shared = ServedHosts()
        self.has, self.take_in, self.release = shared.has, shared.take_in, shared.release

    def load(self, connection: object) -> ReadModel:
        of_vpcs = (VpcRecord, SubnetRecord, NetworkAclRecord, PortRecord)
        records = (record for record in self._log.cloud.records() if not isinstance(record, of_vpcs))
        model = load(len(self._log.entries), records)
        model.served = set()
        return model

    def read(self, connection: object, model: ReadModel, hosts: Collection[str]) -> Batch:
        newcomers = {host_id for host_id in hosts if not model.serves(host_id)}
        entries = self._log.entries[model.revision : self.up_to]
        if not newcomers and not needed(model, entries, newcomers):
            return Batch(max(self.up_to, model.revision), entries)
        entries = self._log.entries[model.revision :]
        missing = needed(model, entries, newcomers)
        loaded = tuple(missing_records(CloudTables(self._log.cloud), model, missing, newcomers))
        return Batch(len(self._log.entries), entries, loaded, newcomers)


class Controller:
    def __init__(
        self,
        log: Log,
        queues: list[TopicQueueInProcess],
        cells: Cells = ONE_QUEUE,
        everything: bool = True,
        keys: TopicKeySchedule | None = None,
    ) -> None:
        self.log = log
        self.holding = Behind(log) if everything else BehindWithItsShare(log)
        self.metrics = DpmMetrics(CollectorRegistry())
        self.manager = DataPlaneManager(
            cast(Any, log), "c" * 36, DpmSettings(topic_interval=TOPIC_INTERVAL), self.metrics, queues, cells, keys
        )
        self.telling: asyncio.Task[None] | None = None
        self.manager._holding = cast(Any, self.holding)
        if self.manager.publishing is not None:
            clock = asyncio.get_running_loop().time
            self.manager.publishing._placing = Placing(cells, len(queues), clock, HOLD_SECONDS)

    async def start(self) -> "Controller":
        await self.manager.load()
        await self.read_on(1000)
        self.telling = asyncio.create_task(self.manager._serving.keys.run())
        return self

    async def read_on(self, most: int) -> None:
        """Read so many entries of the log, and serve hosts that wait for them."""
        self.holding.up_to = min(self.manager.revision + most, len(self.log.entries))
        while await self.manager._read_on():
            if self.manager.revision >= self.holding.up_to and not self.manager._serving.arrivals.first():
                return
            if not self.log.entries[self.manager.revision : self.holding.up_to]:
                return

    def give_up(self, host_id: str) -> None:
        """The host was away for too long, if it is."""
        self.manager._host_given_up(host_id)

    def drifts(self) -> float:
        different: float = self.metrics.digests.labels("different")._value.get()
        return different

    def stop(self) -> None:
        """Killed."""
        if self.telling is not None:
            self.telling.cancel()
        for publishing in self._publishings():
            for topic in publishing._topics.values():
                topic.writer.close()
            publishing._topics.clear()

    def beat(self) -> None:
        """The publishers say where they are, where that is due."""
        for publishing in self._publishings():
            publishing.beat()

    def _publishings(self) -> list[Publishing]:
        return [] if self.manager.publishing is None else self.manager.publishing.each


class Host:
    """An agent without a data plane, and its stream."""

    def __init__(self, host_id: str, queue: TopicQueueInProcess | None, directory: Path) -> None:
        self.host_id, self.queue, self.directory = host_id, queue, directory
        self.takes_keys = True
        self.controller: Controller | None = None
        self.stream = HostStream(Hello(host_id, b"b" * 16))
        self.encoder = GoalStateEncoder()
        self._start()

    def _start(self) -> None:
        self.wanted = Wanted(self.directory)
        self.wanted.load()
        self.sequence = Sequence(*self.wanted.applied())
        self.reports, self.counters = Reports(), Counters()
        clock = asyncio.get_running_loop().time
        self.topics = Topics(
            self.queue, self.wanted, self.reports, self.counters, self._apply, self._apply, clock=clock
        )
        self.assembler = GoalStateAssembler()

    async def _apply(self, delta: GoalStateDelta) -> None:
        self.wanted.apply(delta, self.sequence.log_id)

    async def restart(self) -> None:
        """Killed, and started again on what is on its disk."""
        self.disconnect()
        self.wanted.save()
        self.wanted.close()
        await self.topics.close()
        self._start()

    def connect(self, controller: Controller) -> None:
        self.disconnect()
        state, feeds = self.wanted.state, self.topics.feeds.said()
        digest = GoalStateDigest(state.revision, digest_of(state), feeds=dict(state.feeds))
        log_id, revision = self.sequence.log_id, self.sequence.revision
        takes = self.takes_keys
        hello = Hello(self.host_id, b"b" * 16, log_id, revision, "", digest, feeds=feeds, takes_topic_keys=takes)
        self.controller = controller
        self.stream = HostStream(cast(Hello, decode_agent_message(encode_agent_message(hello))))
        self.sequence.enter(LOG_ID)
        self.reports.connected(LOG_ID)
        controller.manager.host_connected(self.stream)
        self.topics.connected(LOG_ID, TOPIC_INTERVAL)

    def disconnect(self) -> None:
        """What is under way either way is lost."""
        if self.controller is not None:
            self.controller.manager.host_disconnected(self.stream)
            self.controller = None
            self.reports.disconnected()
            self.assembler = GoalStateAssembler()

    def lose_one(self) -> None:
        """The stream breaks while a goal state is under way."""
        if self.controller is not None:
            manager = self.controller.manager
            self.stream.outbox.take(lambda: manager.snapshot(self.stream))
            self.disconnect()

    async def take(self) -> bool:
        """Take the next goal state; returns whether there was one."""
        if self.controller is None:
            return False
        manager = self.controller.manager
        while self.stream.untold:
            FromController(Told(topic_keys=self.topics.told_keys)).take(self.stream.untold.popitem()[1])
        delta = self.stream.outbox.take(lambda: manager.snapshot(self.stream))
        if delta is None:
            return False
        self.stream.sent.note(delta.revision, 0.0)
        for data, _ in self.encoder.parts(delta, 1 << 20):
            received = self.assembler.add(parse(pb.ControllerMessage, data).goal_state)
        assert received is not None
        match self.sequence.judge(received):
            case Verdict.TAKE:
                await self.topics.take(received)
                self.reports.acknowledge(LOG_ID, Acknowledgement(self.sequence.revision))
            case Verdict.RESYNC:
                self.reports.ask_resync(ResyncRequest(self.sequence.revision))
            case Verdict.IGNORE:
                pass
        return True

    def report(self) -> bool:
        """Tell the controller what there is to tell; returns whether there was anything."""
        messages = self.reports.take()
        for message in messages:
            self._tell(decode_agent_message(encode_agent_message(message)))
        return bool(messages)

    def _tell(self, message: AgentMessage) -> None:
        assert self.controller is not None
        manager = self.controller.manager
        match message:
            case Acknowledgement():
                manager.acknowledged(self.stream, message, self.stream.sent.seconds_since(message.revision))
            case TopicPosition():
                manager.topic_position(self.stream, message)
            case ResyncRequest():
                manager.resync_requested(self.stream, message)
            case GoalStateDigest():
                manager.digested(self.stream, message)
            case PortReport() | Hello():
                raise AssertionError(message)

    def say_digest(self) -> None:
        """Have the controller compare what the host has with what it should have."""
        if self.controller is not None:
            state = self.wanted.state
            self._tell(GoalStateDigest(state.revision, digest_of(state), feeds=dict(state.feeds)))


class Simulation:
    """With several queues, hosts are in as many cells by turns, each of which has a queue of its own."""

    def __init__(self, controllers: int = 2, everything: bool = True, epoch: float = 0.0, queues: int = 1) -> None:
        """What is published is sealed where there is an ``epoch`` (s)."""
        self._everything, self._epoch = everything, epoch
        self.log, self.queues = Log(), [TopicQueueInProcess() for _ in range(queues)]
        self._cells = Cells({f"cell-{number}": number for number in range(1, queues)}, others=0)
        self.log.cloud.cells = {host_id: f"cell-{number % queues}" for number, host_id in enumerate(HOSTS)}
        self.controllers: list[Controller] = []
        self._count = controllers
        self._directory = tempfile.TemporaryDirectory()
        self.hosts: list[Host] = []

    async def __aenter__(self) -> "Simulation":
        self.controllers = [await self._new_controller() for _ in range(self._count)]
        for number, host_id in enumerate(HOSTS):
            queue = self.queues[number % len(self.queues)]
            self.hosts.append(Host(host_id, queue, self._directory_of(host_id)))
        return self

    @property
    def queue(self) -> TopicQueueInProcess:
        """The one of the first cell, and of those that have none."""
        return self.queues[0]

    async def _new_controller(self) -> Controller:
        return await Controller(self.log, self.queues, self._cells, self._everything, self._keys()).start()

    def _keys(self) -> TopicKeySchedule | None:
        loop = asyncio.get_running_loop()
        return TopicKeySchedule(lambda: SECRET, self._epoch, lambda: _BEGAN + loop.time()) if self._epoch else None

    def _directory_of(self, host_id: str) -> Path:
        directory = Path(self._directory.name, host_id)
        directory.mkdir()
        return directory

    async def __aexit__(self, *_: object) -> None:
        for host in self.hosts:
            await host.topics.close()
            host.wanted.close()
        self._directory.cleanup()

    async def restart_controller(self, number: int) -> None:
        old = self.controllers[number]
        for host in self.hosts:
            if host.controller is old:
                host.disconnect()
        old.stop()
        self.controllers[number] = await self._new_controller()

    def change(self, *operations: tuple[object, ...]) -> None:
        """Transactions that are committed together."""
        records: list[Record] = []
        for name, *arguments in operations:
            if not may_happen(self.log.cloud, (name, *arguments)):
                continue
            records += getattr(self.log.cloud, str(name))(*arguments)
        self.log.append(records)

    async def go_on(self, seconds: float = 60.0, step: float = 1.0) -> None:
        """Let everything take its course: controllers read, hosts take and tell, the publishers say where they are."""
        loop = asyncio.get_running_loop()
        until, beat = loop.time() + seconds, 0.0
        while loop.time() < until:
            for number, host in enumerate(self.hosts):
                if host.controller is None:
                    host.connect(self.controllers[number % len(self.controllers)])
            for controller in self.controllers:
                await controller.read_on(1000)
            for host in self.hosts:
                while await host.take() or host.report():
                    pass
                host.say_digest()
            if loop.time() >= beat:
                beat = loop.time() + 5.0
                for controller in self.controllers:
                    controller.beat()
            await asyncio.sleep(step)

    def differences(self) -> dict[str, list[str]]:
        """By host, in what it differs from what it should have."""
        model = load(len(self.log.entries), self.log.cloud.records())
        found = {
            host.host_id: host_digest(model, host.host_id).differences(digest_of(host.wanted.state))
            for host in self.hosts
        }
        return {host_id: parts for host_id, parts in found.items() if parts}

    def drifts(self) -> float:
        """How often a controller found that a host did not have what it should have, and gave it everything anew."""
        return sum(each.drifts() for each in self.controllers)

    def fed(self) -> int:
        """How many hosts learn by topic, counted for each."""
        return sum(each.manager.topics.fed() for each in self.controllers)
