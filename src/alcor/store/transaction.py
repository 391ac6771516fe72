"""One database transaction as services see it."""

from sqlalchemy import Connection

from alcor.model.records import Record


class Transaction:
    """A transaction in progress: its connection, its time, and the records it leaves in the change log.

    ``now`` is in whole seconds since the epoch and the same for everything the transaction writes.
    """

    __slots__ = ("connection", "now", "records")

    def __init__(self, connection: Connection, now: int) -> None:
        self.connection = connection
        self.now = now
        self.records: list[Record] = []

    def record(self, *records: Record) -> None:
        """Tell hosts about changed resources, once this transaction has committed."""
        self.records.extend(records)
