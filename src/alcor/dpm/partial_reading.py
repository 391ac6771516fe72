"""Reading what a process that serves only some hosts has to take in next, from the change log and the tables."""

from collections.abc import Collection, Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from alcor.dpm.fed import Fed
from alcor.dpm.partial import missing_records, needed
from alcor.dpm.read_model import ReadModel
from alcor.model.identifiers import Id
from alcor.model.records import LogEntry, NetworkAclRecord, PortRecord, Record, SubnetRecord, VpcRecord
from alcor.store import change_log
from alcor.store.change_log import LogTrimmed
from alcor.store.partial_snapshot import read_nodes, read_ports_of_hosts, read_ports_of_vpcs, read_vpcs
from alcor.store.router_records import read_routers
from alcor.store.security_records import read_security_groups

ENTRIES_AT_ONCE = 100
_MOST_ENTRIES = 5000


class Batch(msgspec.Struct, frozen=True):
    """Entries to take in, and with the last of them (or where there is none, now) what was not held until now."""

    head: int  # of the change log
    entries: Sequence[LogEntry]
    loaded: Sequence[Record] = ()
    newcomers: Collection[str] = ()  # hosts whose ports are here from now on

    def reaches_head(self, after: int) -> bool:
        """Whether there is no more to read."""
        return (self.entries[-1].position if self.entries else after) >= self.head


def load_partial(connection: Connection) -> ReadModel:
    """The model of a process that serves no host yet."""
    revision = change_log.head(connection)
    model = ReadModel(revision=revision, served=set(), fed=Fed(revision))
    for node in read_nodes(connection):
        model.put_node(node)
    for record in read_routers(connection):
        model.routers.put(record)
    for group in read_security_groups(connection):
        model.security.put(group)
    return model


def read_batch(connection: Connection, model: ReadModel, newcomers: Collection[str]) -> Batch:
    """What follows on the model, and what hosts need that come, or get ports in VPCs that are not held.

    What is read from the tables is as of the last entry: so the batch then reaches the head of the log, however long.
    Raises LogTrimmed when too much was missed for that.
    """
    head = change_log.head(connection)
    entries = change_log.read_entries(connection, model.revision, ENTRIES_AT_ONCE)
    missing = needed(model, entries, newcomers)
    if not missing and not newcomers:
        return Batch(head, entries)
    while entries and entries[-1].position < head:
        if len(entries) >= _MOST_ENTRIES:
            raise LogTrimmed(f"more than {_MOST_ENTRIES} entries of the change log are to be read at once")
        entries += change_log.read_entries(connection, entries[-1].position, ENTRIES_AT_ONCE)
    missing = needed(model, entries, newcomers)
    return Batch(head, entries, tuple(missing_records(_Tables(connection), model, missing, newcomers)), newcomers)


class _Tables(msgspec.Struct, frozen=True):
    """The tables as of the snapshot that the connection is in: dpm.partial.Tables."""

    connection: Connection

    def vpcs(self, vpc_ids: Collection[Id]) -> Iterator[VpcRecord | SubnetRecord | NetworkAclRecord]:
        return read_vpcs(self.connection, vpc_ids)

    def ports_of_vpcs(self, vpc_ids: Collection[Id]) -> Iterator[PortRecord]:
        return read_ports_of_vpcs(self.connection, vpc_ids)

    def ports_of_hosts(self, host_ids: Collection[str]) -> Iterator[PortRecord]:
        return read_ports_of_hosts(self.connection, host_ids)
