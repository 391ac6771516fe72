"""The read model of a Network Config Manager that is one of several: it holds the VPCs it takes care of.

These are the VPCs on demand for which it comes first among the managers there are (model.rendezvous), and those that
hosts ask it about nevertheless: because they know of other managers than it does (whoever is asked answers), because
routers lead to VPCs that are told ahead to others, or because names of a VPC are asked for, which are never told ahead.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.follower import Follower
from alcor.dpm.following import Following
from alcor.dpm.lag import Lag
from alcor.dpm.partial import relevant
from alcor.dpm.partial_reading import ENTRIES_AT_ONCE, load_partial
from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.model import rendezvous
from alcor.model.identifiers import Id
from alcor.model.records import LogEntry, VpcRecord
from alcor.ncm.admitted import Admitted
from alcor.ncm.fetching import Fetch, read_part
from alcor.ncm.metrics import NcmMetrics
from alcor.services.hosts import on_demand_vpcs
from alcor.services.hosts.on_demand_vpcs import NamedVpc
from alcor.store import change_log
from alcor.store.store import Store

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_WAIT_SECONDS = 5.0
_FETCHES_AT_ONCE = 2
_RETRY_SECONDS = 1.0


class Listener(Protocol):
    """The manager that answers from this."""

    def compiled(self, compiled: Compiled) -> None:
        """See dpm.follower.Follower."""

    def reloaded(self) -> None:
        """See dpm.follower.Follower."""

    def answer_waiting(self, vnis: Collection[int] | None = None) -> None:
        """VPCs that hosts wait for may be here."""

    def is_needed(self, vni: int) -> bool:
        """Whether hosts know something of the VPC, or wait for it."""


class Shard:
    """A Source of one process."""

    def __init__(self, store: Store, address: str, metrics: NcmMetrics | None = None) -> None:
        """``address`` is where hosts ask this process."""
        self.lag = Lag()
        self._store, self._address = store, address
        self._model = ReadModel(served=set())
        self._members: Collection[str] = (address,)
        self._fetches: dict[Id, Fetch] = {}
        self._coming: dict[int, set[str]] = {}  # VNIs that hosts ask about, until it is known what there is
        self._admitted = Admitted()
        self._wanted = asyncio.Event()
        self._advanced = asyncio.Event()  # set and replaced each time the model has
        self._free = asyncio.Semaphore(_FETCHES_AT_ONCE)
        self._following = Following(self._read_on, self._wait, self._reload, lambda: self._model.revision)
        self._tasks: asyncio.TaskGroup | None = None
        self._listener: Listener | None = None
        self._followers: list[Follower] = []
        self._loaded = False
        if metrics is not None:
            metrics.log_lag_seconds.set_function(lambda: self.lag.seconds(time.monotonic()))

    @property
    def model(self) -> ReadModel:
        """See Source."""
        return self._model

    @property
    def members(self) -> Sequence[str]:
        """The addresses of the managers there are, this one's first."""
        return [self._address, *sorted(address for address in self._members if address != self._address)]

    @property
    def coming(self) -> int:
        """How many VPCs are being read, or looked for."""
        return len(self._fetches) + len(self._coming)

    @property
    def trouble(self) -> str:
        """Why the change log is not followed at the moment; empty when it is."""
        return self._following.trouble

    def not_ready(self) -> str | None:
        """Why hosts cannot be answered yet, or None when they can."""
        return None if self._loaded else "the Network Config Manager is still reading the database"

    def answers(self, listener: Listener) -> None:
        """Tell the manager of what happens. To be called once, before anything does."""
        self._listener = listener

    def follow(self, follower: Follower) -> None:
        """Tell somebody else of every entry."""
        self._followers.append(follower)

    async def load(self) -> None:
        """Read what every shard holds. To be called before any host asks."""
        self._model = await self._store.read(load_partial)
        self.lag.compiled(self._model.revision)
        self._loaded = True

    async def run(self) -> None:
        """Follow the change log, and take up VPCs, for ever."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._following.run())
            self._tasks.create_task(self._find_wanted())
            self._take_up_own()

    # What others say.

    def set_members(self, addresses: Collection[str]) -> None:
        """These are the managers there are."""
        members = {*addresses, self._address}
        if members != set(self._members):
            self._members = members
            log.info("%d Network Config Managers share the VPCs on demand", len(members))
            self._drop_unneeded()
            self._take_up_own()

    def want(self, vni: int, host_id: str) -> None:
        """See Source."""
        self._coming.setdefault(vni, set()).add(host_id)
        self._wanted.set()

    def reaches(self, host_id: str, vpc: VpcModel) -> bool:
        """See Source. The VPCs from which routers lead here need not be held."""
        if self._model.reaches(host_id, vpc):
            return True
        assert vpc.record is not None, "it is known by its VNI"
        vni = vpc.record.vni
        if not self._admitted.admits(vni, host_id, self._joined(vpc.id)):
            return False
        if self._admitted.is_old(vni, host_id):
            self.want(vni, host_id)
        return True

    def _joined(self, vpc_id: Id) -> set[Id]:
        return {subnet_id for _, subnet_id in self._model.routers.joined(vpc_id)}

    def is_coming(self, vni: int) -> bool:
        """See Source."""
        return vni in self._coming or self._is_fetched(vni)

    def let_go(self, vni: int) -> None:
        """See Source."""
        if (vpc_id := self._model.vnis.get(vni)) is not None:
            self._drop_unless_kept(vpc_id)

    def tidy(self) -> None:
        """See Source."""
        self._admitted.rotate()
        self._drop_unneeded()

    def _drop_unneeded(self) -> None:
        for vpc_id in list(self._model.vnis.values()):
            self._drop_unless_kept(vpc_id)

    def _drop_unless_kept(self, vpc_id: Id) -> None:
        vpc = self._model.vpcs.get(vpc_id)
        if vpc is not None and not self._is_kept(vpc):
            self._model.drop_vpc(vpc)

    def _is_kept(self, vpc: VpcModel) -> bool:
        assert vpc.record is not None, "it is known by its VNI"
        vni = vpc.record.vni
        return self._is_needed(vni) or (vpc.on_demand and self._takes_care_of(vni))

    def _is_needed(self, vni: int) -> bool:
        return self._listener is not None and self._listener.is_needed(vni)

    def _takes_care_of(self, vni: int) -> bool:
        return rendezvous.order(vni, self._members)[0] == self._address

    # Following the log.

    async def _read_on(self) -> bool:
        head, entries = await self._store.read(partial(_read_entries, after=self._model.revision))
        self.lag.seen(head, time.monotonic())
        for entry in entries:
            self._take_in(entry)
            self.lag.compiled(entry.position)
            await asyncio.sleep(0)
        if entries:
            self._advanced.set()
            self._advanced = asyncio.Event()
        return bool(entries)

    async def _wait(self) -> None:
        await self._store.wait_for_entries(self._model.revision, _WAIT_SECONDS)

    def _take_in(self, entry: LogEntry) -> None:
        compiled = compile_entry(self._model, LogEntry(entry.position, relevant(self._model, entry.records)))
        for fetch in self._fetches.values():
            fetch.note(entry)
        if self._listener is not None:
            self._listener.compiled(compiled)
        for follower in self._followers:
            follower.compiled(compiled)
        for record in entry.records:
            if isinstance(record, VpcRecord):
                self._programming_said(record)

    def _programming_said(self, record: VpcRecord) -> None:
        self._drop_unless_kept(record.id)
        if record.on_demand and self._takes_care_of(record.vni):
            self._fetch(record.id, record.vni)

    async def _reload(self) -> None:
        self._fetches.clear()
        needed = {vni for vni in self._model.vnis if self._is_needed(vni)}
        await self.load()
        if self._listener is not None:
            self._listener.reloaded()
        for follower in self._followers:
            follower.reloaded()
        self._take_up_own(needed)

    # Taking up VPCs.

    def _take_up_own(self, more: Collection[int] = ()) -> None:
        if self._tasks is not None:
            self._tasks.create_task(self._fetch_own(more))

    async def _fetch_own(self, more: Collection[int]) -> None:
        """Take up all VPCs that this process takes care of, and more."""
        found = await self._read(on_demand_vpcs.all_on_demand)
        for vpc in found:
            if vpc.vni in more or self._takes_care_of(vpc.vni):
                self._fetch(vpc.id, vpc.vni)

    async def _find_wanted(self) -> None:
        """Take up VPCs that hosts ask about and reach, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            asked = {vni: set(hosts) for vni, hosts in self._coming.items()}
            for vpc in await self._read(partial(on_demand_vpcs.named, vnis=asked)):
                if await self._is_reached(vpc, asked[vpc.vni]):
                    self._fetch(vpc.id, vpc.vni)
            for vni, hosts in asked.items():
                self._coming[vni] -= hosts
                if not self._coming[vni]:
                    del self._coming[vni]
            if self._listener is not None:
                self._listener.answer_waiting(asked)

    async def _is_reached(self, vpc: NamedVpc, hosts: Collection[str]) -> bool:
        """Whether any of the hosts reaches the VPC, by routers or within it; those that do by routers are admitted."""
        if joined := self._joined(vpc.id):
            found = await self._read(partial(on_demand_vpcs.subnets_of_hosts, hosts=hosts))
            reaching = {host_id: subnets & joined for host_id, subnets in found.items() if subnets & joined}
            self._admitted.add(vpc.vni, reaching)
            if reaching:
                return True
        return await self._read(partial(on_demand_vpcs.has_ports, vpc_id=vpc.id, hosts=hosts))

    def _is_fetched(self, vni: int) -> bool:
        return any(fetch.vni == vni for fetch in self._fetches.values())

    def _fetch(self, vpc_id: Id, vni: int) -> None:
        if vpc_id in self._model.vpcs or vpc_id in self._fetches or self._tasks is None:
            return
        self._fetches[vpc_id] = fetch = Fetch(vpc_id, vni)
        self._tasks.create_task(self._carry_out(fetch))

    async def _carry_out(self, fetch: Fetch) -> None:
        try:
            async with self._free:
                part = await self._read(partial(read_part, vpc_id=fetch.vpc_id, nodes=self._model.nodes))
            while self._model.revision < part.revision and self._is_wanted(fetch):
                await self._advanced.wait()
            if self._is_wanted(fetch):
                del self._fetches[fetch.vpc_id]
                self._absorb(fetch, part)
        except Exception:
            log.exception("VPC %d could not be taken up; it is when hosts ask about it again", fetch.vni)
            if self._is_wanted(fetch):
                del self._fetches[fetch.vpc_id]

    def _is_wanted(self, fetch: Fetch) -> bool:
        return self._fetches.get(fetch.vpc_id) is fetch

    def _absorb(self, fetch: Fetch, part: ReadModel) -> None:
        fetch.absorb(self._model, part)
        self._drop_unless_kept(fetch.vpc_id)  # that may have changed while it was read
        log.info("took up VPC %d with %d ports", fetch.vni, len(part.ports))
        if self._listener is not None:
            self._listener.answer_waiting([fetch.vni])

    async def _read(self, query: Callable[[Connection], Result]) -> Result:
        """Read from the database, when it can be read."""
        while True:
            try:
                return await self._store.read(query)
            except SQLAlchemyError as error:
                log.error("VPCs cannot be read and are tried again: %s", str(error).splitlines()[0])
                await asyncio.sleep(_RETRY_SECONDS)


def _read_entries(connection: Connection, after: int) -> tuple[int, Sequence[LogEntry]]:
    return change_log.head(connection), change_log.read_entries(connection, after, ENTRIES_AT_ONCE)
