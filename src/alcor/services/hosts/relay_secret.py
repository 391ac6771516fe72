"""The secret from which all controllers of a region derive by what hosts know those that they may relay."""

import os

from alcor.store import sql
from alcor.store.transaction import Transaction

_NAME = "relays"
_BYTES = 32
_MAKE = sql.statement("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_READ = sql.statement("SELECT value FROM secret WHERE name = :name")


def relay_secret(transaction: Transaction) -> bytes:
    """The secret, made by the first who asks for it."""
    transaction.connection.execute(_MAKE, {"name": _NAME, "value": os.urandom(_BYTES)})
    return bytes(transaction.connection.execute(_READ, {"name": _NAME}).scalar_one())
