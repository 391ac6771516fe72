"""Join tokens: with one, a host asks for its first certificate. Only their hashes are kept."""

import hashlib
import secrets

from sqlalchemy import Connection

from alcor.channels.trust.certifying import NotCertified
from alcor.channels.trust.identity import Kind
from alcor.store import sql
from alcor.store.transaction import Transaction

_BYTES = 24
_PREFIX = "alcor-"

_PUT = sql.statement(
    "INSERT INTO join_token (kind, name, token_hash, expires_at) VALUES (:kind, :name, :token_hash, :expires_at) "
    "ON CONFLICT (kind, name) DO UPDATE SET token_hash = excluded.token_hash, key_hash = NULL, "
    "expires_at = excluded.expires_at"
)
_FIND = sql.statement("SELECT kind, name, key_hash, expires_at FROM join_token WHERE token_hash = :token_hash")
_USE = sql.statement(
    "UPDATE join_token SET key_hash = :key_hash WHERE kind = :kind AND name = :name AND token_hash = :token_hash "
    "AND (key_hash IS NULL OR key_hash = :key_hash)"
)
_HAS_JOINED = sql.statement("SELECT key_hash FROM join_token WHERE kind = :kind AND name = :name")
_WITHDRAW_ALL = sql.statement("DELETE FROM join_token")
_WITHDRAW = sql.statement("DELETE FROM join_token WHERE kind = :kind AND name = :name")


def issue(transaction: Transaction, kind: Kind, name: str, lifetime: int) -> str:
    """A new token for somebody, which replaces an earlier one and ends after so many seconds."""
    token = _PREFIX + secrets.token_urlsafe(_BYTES)
    values = {"kind": kind.value, "name": name, "token_hash": _hash(token), "expires_at": transaction.now + lifetime}
    transaction.connection.execute(_PUT, values)
    return token


def use(transaction: Transaction, token: str, public_key: bytes) -> tuple[Kind, str]:
    """Whom a token is for. From now on it is good for this public key (DER) only. Raises NotCertified.

    With the same key it may be used again until it ends: whoever lost the answer asks once more.
    """
    token_hash = _hash(token)
    row = transaction.connection.execute(_FIND, {"token_hash": token_hash}).first()
    if row is None:
        raise NotCertified("the token is not known: it is another one, or was replaced, or its host was revoked")
    if row.expires_at <= transaction.now:
        raise NotCertified("the token has expired")
    key_hash = hashlib.sha256(public_key).digest()
    values = {"kind": row.kind, "name": row.name, "token_hash": token_hash, "key_hash": key_hash}
    if not transaction.connection.execute(_USE, values).rowcount:
        raise NotCertified("the token was used already")
    return Kind(row.kind), row.name


def has_joined(connection: Connection, kind: Kind, name: str) -> bool:
    """Whether somebody has used the token issued last, and it was not withdrawn."""
    row = connection.execute(_HAS_JOINED, {"kind": kind.value, "name": name}).first()
    return row is not None and row.key_hash is not None


def withdraw(connection: Connection, kind: Kind, name: str) -> None:
    """Nobody joins with the token issued last."""
    connection.execute(_WITHDRAW, {"kind": kind.value, "name": name})


def withdraw_all(connection: Connection) -> None:
    """Nobody joins with a token issued before."""
    connection.execute(_WITHDRAW_ALL)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
