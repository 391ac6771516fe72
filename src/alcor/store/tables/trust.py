"""Who is trusted on the way between hosts and controllers."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from alcor.store.tables.base import metadata

# What signs certificates: PEM, the key encrypted where the operator gives a secret. The one with the highest number of
# those whose time has come signs; all are trusted until theirs is over (seconds since the epoch, NULL for no end).
authority = Table(
    "authority",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("certificate", Text, nullable=False),
    Column("private_key", Text, nullable=False),
    Column("signs_from", BigInteger, nullable=False),
    Column("trusted_until", BigInteger),
)

# The token with which a host, or a fleet, may ask for its first certificate: as SHA-256, with that of the public key
# that it was first shown with.
join_token = Table(
    "join_token",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("key_hash", LargeBinary(32)),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_join_token_token_hash", "token_hash", unique=True),
)
