"""One database transaction as services see it."""

from sqlalchemy import Connection

from alcor.model.choices import USUAL, Choices
from alcor.model.records import Record


class Transaction:
    """A transaction in progress: its connection, its time, and the records it leaves in the change log.

    ``now`` is in whole seconds since the epoch and the same for everything the transaction writes.
    ``choices`` are those of the cloud's operator.
    """

    __slots__ = ("choices", "connection", "now", "records")

    def __init__(self, connection: Connection, now: int, choices: Choices = USUAL) -> None:
        self.connection = connection
        self.now = now
        self.choices = choices
        self.records: list[Record] = []

    def record(self, *records: Record) -> None:
        """Tell hosts about changed resources, once this transaction has committed."""
        self.records.extend(records)
