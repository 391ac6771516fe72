"""One database transaction as services see it."""

from sqlalchemy import Connection

from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE
from alcor.model.records import Record


class Transaction:
    """A transaction in progress: its connection, its time, and the records it leaves in the change log.

    ``now`` is in whole seconds since the epoch and the same for everything the transaction writes.
    ``on_demand_above`` is how many ports a VPC may have before it is programmed on demand (model.programming).
    """

    __slots__ = ("connection", "now", "on_demand_above", "records")

    def __init__(self, connection: Connection, now: int, on_demand_above: int = DEFAULT_ON_DEMAND_ABOVE) -> None:
        self.connection = connection
        self.now = now
        self.on_demand_above = on_demand_above
        self.records: list[Record] = []

    def record(self, *records: Record) -> None:
        """Tell hosts about changed resources, once this transaction has committed."""
        self.records.extend(records)
