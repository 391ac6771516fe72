"""The change log."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from alcor.store.tables.base import metadata

# One row: the position of the newest entry, taken and advanced as the last step of each transaction, so that entries
# commit in the order of their positions; and the identity of this log.
change_log_head = Table(
    "change_log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("log_id", LargeBinary(16), nullable=False),
    Column("position", BigInteger, nullable=False),
)

change_log = Table(
    "change_log",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("records", LargeBinary, nullable=False),  # model.records, packed
)
