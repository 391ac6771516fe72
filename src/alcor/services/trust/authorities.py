"""The authorities that sign certificates: made once for a database, followed by another when the operator wants."""

from collections.abc import Sequence
from math import inf

import msgspec
from sqlalchemy import Connection

from alcor.channels.trust import certificates
from alcor.model.errors import AlcorError, conflict
from alcor.services.trust import join_tokens, topic_secret
from alcor.store import sql
from alcor.store.transaction import Transaction

LIFETIME_SECONDS = 20 * 365 * 86400
_LEAST_NOTICE_SECONDS = 300  # in which every controller reads of a new authority
_CLOCKS_DIFFER_SECONDS = 300  # at most

_READ = sql.statement(
    "SELECT number, certificate, private_key, signs_from, trusted_until FROM authority ORDER BY number"
)
_PUT = sql.statement(
    "INSERT INTO authority (number, certificate, private_key, signs_from) "
    "VALUES (:number, :certificate, :private_key, :signs_from)"
)
_ENCRYPT = sql.statement("UPDATE authority SET private_key = :private_key WHERE number = :number")
_END = sql.statement("UPDATE authority SET trusted_until = :until WHERE number < :number AND trusted_until IS NULL")
_FORGET = sql.statement("DELETE FROM authority WHERE trusted_until <= :now")
_FORGET_ALL = sql.statement("DELETE FROM authority")


class StoredAuthority(msgspec.Struct, frozen=True):
    """One of them, as it is kept: PEM, and seconds since the epoch."""

    number: int
    certificate: bytes
    key: bytes
    signs_from: int
    trusted_until: int | None = None  # None for no end


def read(connection: Connection) -> list[StoredAuthority]:
    """All, the oldest first."""
    return [
        StoredAuthority(
            row.number, row.certificate.encode(), row.private_key.encode(), row.signs_from, row.trusted_until
        )
        for row in connection.execute(_READ)
    ]


def trusted(authorities: Sequence[StoredAuthority], now: float) -> bytes:
    """The certificates (PEM) of those that are trusted."""
    return b"".join(each.certificate for each in authorities if each.trusted_until is None or each.trusted_until > now)


def signing(authorities: Sequence[StoredAuthority], now: float) -> StoredAuthority:
    """The one that signs; the first when clocks do not agree whether its time has come."""
    return next((each for each in reversed(authorities) if each.signs_from <= now), authorities[0])


def are_withdrawn(before: Sequence[StoredAuthority], after: Sequence[StoredAuthority], now: float) -> bool:
    """Whether any of those before is gone well before its time; clocks of controllers differ somewhat."""
    there, soon = {each.number for each in after}, now + _CLOCKS_DIFFER_SECONDS
    return any(each.number not in there and (each.trusted_until or inf) > soon for each in before)


def make_first(transaction: Transaction, secret: bytes) -> None:
    """Make an authority where there is none yet."""
    if not read(transaction.connection):
        _put(transaction, 1, transaction.now, secret)


def encrypt(transaction: Transaction, secret: bytes) -> None:
    """Encrypt the keys that were kept without a secret."""
    for each in read(transaction.connection):
        if not certificates.is_encrypted(each.key):
            loaded = certificates.load_authority(each.certificate, each.key, b"")
            key = certificates.encrypted(loaded, secret).decode()
            transaction.connection.execute(_ENCRYPT, {"number": each.number, "private_key": key})


def rotate(transaction: Transaction, secret: bytes, lifetime: int) -> StoredAuthority:
    """Make another authority. It signs as soon as all hosts trust it: they hear of it when they renew certificates,
    which live so long (s). The ones before are trusted until what they signed has ended. Raises AlcorError (409).
    """
    present, now = read(transaction.connection), transaction.now
    if not present:
        raise no_authority()
    if present[-1].signs_from > now:
        raise conflict("RotationUnderWay", "A new authority is on its way already: wait until it signs.")
    notice = max(lifetime, _LEAST_NOTICE_SECONDS)
    number = present[-1].number + 1
    made = _put(transaction, number, now + notice, secret)
    transaction.connection.execute(_END, {"number": number, "until": now + notice + lifetime})
    return made


def replace(transaction: Transaction, secret: bytes) -> StoredAuthority:
    """Make another authority that signs from now on, and trust no other any more: nobody's certificate holds then, nor
    any token that was made before, and topics are sealed with other keys. Raises AlcorError (409).
    """
    present = read(transaction.connection)
    if not present:
        raise no_authority()
    transaction.connection.execute(_FORGET_ALL)
    join_tokens.withdraw_all(transaction.connection)
    topic_secret.replace(transaction, secret)
    return _put(transaction, present[-1].number + 1, transaction.now, secret)


def forget_ended(transaction: Transaction) -> None:
    """Forget those that are trusted no more."""
    transaction.connection.execute(_FORGET, {"now": transaction.now})


def no_authority() -> AlcorError:
    """There is nobody to issue certificates."""
    return conflict("NoAuthority", "No controller of this database serves hosts with certificates, so none are issued.")


def _put(transaction: Transaction, number: int, signs_from: int, secret: bytes) -> StoredAuthority:
    certificate, key = certificates.new_authority(
        f"Alcor authority {number}", transaction.now, LIFETIME_SECONDS, secret
    )
    values = {"number": number, "certificate": certificate.decode(), "private_key": key.decode()}
    transaction.connection.execute(_PUT, values | {"signs_from": signs_from})
    return StoredAuthority(number, certificate, key, signs_from)
