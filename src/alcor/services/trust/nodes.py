"""What operators say of who may join, and who may no longer."""

import msgspec
from sqlalchemy import Connection

from alcor.channels.trust import certificates
from alcor.channels.trust.certifying import NotCertified
from alcor.channels.trust.identity import Identity, Kind
from alcor.services.hosts.node import locked_node
from alcor.services.trust import authorities, join_tokens
from alcor.store import sql
from alcor.store.record_rows import node_record
from alcor.store.transaction import Transaction

_REVOKE = sql.statement("UPDATE node SET generation = generation + 1 WHERE id = :id")
_NODE = sql.statement("SELECT host_index, generation FROM node WHERE id = :id")


class Invitation(msgspec.Struct, frozen=True):
    """What somebody joins with. ``authority`` is the fingerprint of whom it is to believe."""

    token: str
    authority: str
    expires_at: int  # seconds since the epoch


def invite_host(transaction: Transaction, host_id: str, lifetime: int) -> Invitation:
    """A token for a node, for so many seconds. Raises AlcorError."""
    locked_node(transaction, host_id)
    return _invite(transaction, Kind.HOST, host_id, lifetime)


def invite_fleet(transaction: Transaction, name: str, lifetime: int) -> Invitation:
    """A token for one that is to speak for many hosts. Raises AlcorError."""
    return _invite(transaction, Kind.FLEET, name, lifetime)


def invite_broker(transaction: Transaction, names: str, lifetime: int) -> Invitation:
    """A token for a broker of the message queue that is reached by these names. Raises AlcorError.

    A certificate that a broker of the same names was given before is renewed no more.
    """
    return _invite(transaction, Kind.BROKER, names, lifetime)


def _invite(transaction: Transaction, kind: Kind, name: str, lifetime: int) -> Invitation:
    present = authorities.read(transaction.connection)
    if not present:
        raise authorities.no_authority()
    fingerprint = certificates.fingerprint(authorities.signing(present, transaction.now).certificate)
    token = join_tokens.issue(transaction, kind, name, lifetime)
    return Invitation(token, fingerprint, transaction.now + lifetime)


def revoke_host(transaction: Transaction, host_id: str) -> None:
    """No certificate that the node was given before is good any more, nor its token. Raises AlcorError (404)."""
    locked_node(transaction, host_id)
    transaction.connection.execute(_REVOKE, {"id": host_id})
    join_tokens.withdraw(transaction.connection, Kind.HOST, host_id)
    transaction.record(node_record(locked_node(transaction, host_id)))


def joining(transaction: Transaction, token: str, public_key: bytes) -> Identity:
    """Who joins with a token. Raises NotCertified."""
    kind, name = join_tokens.use(transaction, token, public_key)
    if kind is not Kind.HOST:
        return Identity(kind, name)
    row = transaction.connection.execute(_NODE, {"id": name}).first()
    if row is None:
        raise NotCertified("there is no such node any more")
    return Identity(kind, name, row.host_index, row.generation)


def check_still_good(connection: Connection, identity: Identity) -> None:
    """Raises NotCertified when there is to be no further certificate for this identity."""
    if identity.kind is Kind.HOST:
        row = connection.execute(_NODE, {"id": identity.name}).first()
        is_good = row is not None and (row.host_index, row.generation) == (identity.index, identity.generation)
    else:
        is_good = join_tokens.has_joined(connection, identity.kind, identity.name)
    if not is_good:
        raise NotCertified("its certificate was revoked, or its node was deleted")
