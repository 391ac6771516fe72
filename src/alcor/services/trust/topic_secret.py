"""The secret from which all controllers of a region derive what topics are sealed with."""

from sqlalchemy import Connection

from alcor.channels.trust import certificates, kept_secrets
from alcor.store import sql
from alcor.store.transaction import Transaction

_NAME = "topics"
_MAKE = sql.statement("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_READ = sql.statement("SELECT value FROM secret WHERE name = :name")
_CHANGE = sql.statement("UPDATE secret SET value = :value WHERE name = :name")


def read(connection: Connection) -> bytes:
    """As it is kept (channels.trust.kept_secrets); empty when there is none."""
    return bytes(connection.execute(_READ, {"name": _NAME}).scalar() or b"")


def make_first(transaction: Transaction, secret: bytes) -> None:
    """Make it where there is none yet; ``secret`` is the operator's, and encrypts it."""
    if not read(transaction.connection):
        transaction.connection.execute(_MAKE, {"name": _NAME, "value": kept_secrets.new_secret(secret)})


def encrypt(transaction: Transaction, secret: bytes) -> None:
    """Encrypt it if it was kept without the operator's secret."""
    kept = read(transaction.connection)
    if kept and not certificates.is_encrypted(kept):
        _change(transaction, kept_secrets.encrypted(kept, secret))


def replace(transaction: Transaction, secret: bytes) -> None:
    """Make another one, if there is any: what was derived from it is worth nothing any more."""
    _change(transaction, kept_secrets.new_secret(secret))


def _change(transaction: Transaction, kept: bytes) -> None:
    transaction.connection.execute(_CHANGE, {"name": _NAME, "value": kept})
