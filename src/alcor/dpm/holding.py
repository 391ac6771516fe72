"""What a process's read model holds: everything there is, or what concerns the hosts it serves."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from sqlalchemy import Connection

from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.loading import load
from alcor.dpm.partial import compile_partial, drop_unneeded, release
from alcor.dpm.partial_reading import ENTRIES_AT_ONCE, Batch, load_partial, read_batch
from alcor.dpm.read_model import ReadModel
from alcor.model.identifiers import Id
from alcor.model.records import LogEntry, VpcRecord
from alcor.store import change_log
from alcor.store.snapshot import read_records


class Holding(Protocol):
    """How a read model is made and kept. Reading happens in a reader thread, between which nothing else changes it."""

    def load(self, connection: Connection) -> ReadModel:
        """A model as of the head of the change log, that serves no host."""

    def read(self, connection: Connection, model: ReadModel, hosts: Collection[str]) -> Batch:
        """What follows, and what is needed to serve hosts that have come. Raises LogTrimmed."""

    def has(self, model: ReadModel, host_id: str) -> bool:
        """Whether the host's ports are held."""

    def take_in(self, model: ReadModel, batch: Batch) -> Iterator[tuple[int, Compiled]]:
        """Take a batch in, entry by entry: the position of each, and what it means for hosts."""

    def release(self, model: ReadModel, hosts: Iterable[str]) -> None:
        """These hosts are not served any more."""


class Everything:
    """Of a process that answers hosts, too, or is alone."""

    def load(self, connection: Connection) -> ReadModel:
        """See Holding."""
        model = load(*read_records(connection))
        model.served = set()
        return model

    def read(self, connection: Connection, model: ReadModel, hosts: Collection[str]) -> Batch:
        """See Holding."""
        return Batch(
            change_log.head(connection),
            change_log.read_entries(connection, model.revision, ENTRIES_AT_ONCE),
        )

    def has(self, model: ReadModel, host_id: str) -> bool:
        """See Holding."""
        return True

    def take_in(self, model: ReadModel, batch: Batch) -> Iterator[tuple[int, Compiled]]:
        """See Holding."""
        for entry in batch.entries:
            yield entry.position, compile_entry(model, entry)

    def release(self, model: ReadModel, hosts: Iterable[str]) -> None:
        """See Holding."""
        assert model.served is not None
        model.served.difference_update(hosts)


class ServedHosts:
    """Of one process of many (dpm.partial)."""

    def load(self, connection: Connection) -> ReadModel:
        """See Holding."""
        return load_partial(connection)

    def read(self, connection: Connection, model: ReadModel, hosts: Collection[str]) -> Batch:
        """See Holding."""
        return read_batch(connection, model, {host_id for host_id in hosts if not model.serves(host_id)})

    def has(self, model: ReadModel, host_id: str) -> bool:
        """See Holding."""
        return model.serves(host_id)

    def take_in(self, model: ReadModel, batch: Batch) -> Iterator[tuple[int, Compiled]]:
        """See Holding: what came from the tables is taken in with the last entry, or where there is none, as it is."""
        left: set[Id] = set()
        for entry in batch.entries[:-1]:
            compiled = compile_partial(model, entry)
            left |= compiled.left
            yield entry.position, compiled
        last = batch.entries[-1] if batch.entries else LogEntry(model.revision, ())
        compiled = compile_partial(model, last, batch.loaded, batch.newcomers)
        loaded = {record.id for record in batch.loaded if isinstance(record, VpcRecord)}
        drop_unneeded(model, left | compiled.left | loaded)
        if batch.entries:
            yield last.position, compiled

    def release(self, model: ReadModel, hosts: Iterable[str]) -> None:
        """See Holding."""
        release(model, hosts)
