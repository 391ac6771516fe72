"""MAC addresses of ports: given out from the Active ranges, or chosen by the client, unique in each network."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, bindparam, select

from alcor.model.addresses import mac_text
from alcor.model.errors import AlcorError, conflict
from alcor.store import number_pools, sql
from alcor.store.tables import mac_range, mac_reservation, port
from alcor.store.transaction import Transaction

POOL = "mac"
"""The number pool of all addresses of Active ranges (services.mac_range)."""

_RANGES = select(mac_range.c.first, mac_range.c.last).where(mac_range.c.state == "Active")
_RESERVED = select(mac_reservation.c.mac_address).where(
    mac_reservation.c.mac_address.in_(bindparam("macs", expanding=True))
)

_HELD = select(port.c.network_id, port.c.mac_address).where(
    port.c.mac_address.in_(bindparam("macs", expanding=True)),
)


def assign(transaction: Transaction, ports: Sequence[tuple[str, int | None]]) -> list[int]:
    """The MACs of new ports (network id, chosen MAC or None). Raises AlcorError (409) when one is in use."""
    chosen = [(network_id, mac) for network_id, mac in ports if mac is not None]
    if chosen:
        _choose(transaction, chosen)
    try:
        given = iter(number_pools.take(transaction, POOL, len(ports) - len(chosen)))
    except number_pools.PoolExhausted as error:
        raise AlcorError(
            503,
            "MacAddressGenerationFailure",
            f"Unable to generate unique mac: {error.available} are free. Add a range of MAC addresses.",
        ) from error
    return [next(given) if mac is None else mac for _, mac in ports]


def takes(connection: Connection, count: int) -> Iterator[sql.Read]:
    """What giving so many ports MACs takes first, where any will do for each."""
    yield number_pools.front(connection, POOL, count)


def _choose(transaction: Transaction, chosen: Sequence[tuple[str, int]]) -> None:
    macs = {mac for _, mac in chosen}
    # Also locks the pool, so that whoever releases one of these knows whether we hold it.
    number_pools.take_exact(transaction, POOL, _of_ranges(transaction.connection, macs))
    held = {tuple(row) for row in transaction.connection.execute(_HELD, {"macs": sorted(macs)})}
    for network_id, mac in chosen:
        if (network_id, mac) in held:
            raise conflict(
                "MacAddressInUse",
                f"Unable to complete operation for network {network_id}. The mac address {mac_text(mac)} is in use.",
            )
        held.add((network_id, mac))


def _of_ranges(connection: Connection, macs: Iterable[int]) -> set[int]:
    """Those of the addresses that are given out from ranges."""
    ranges = connection.execute(_RANGES).all()
    return {mac for mac in macs if any(row.first <= mac <= row.last for row in ranges)}


def lock(transaction: Transaction) -> None:
    """Nobody takes or releases a MAC until the transaction ends."""
    number_pools.lock(transaction, POOL)


def release(transaction: Transaction, macs: Iterable[int]) -> None:
    """Give back those that no port has any more; the caller has locked the pool and deleted or changed its ports."""
    connection = transaction.connection
    candidates = _of_ranges(connection, macs)
    if candidates:
        given = {"macs": sorted(candidates)}
        held = {row.mac_address for row in connection.execute(_HELD, given)}
        held.update(connection.execute(_RESERVED, given).scalars())
        number_pools.release(transaction, POOL, candidates - held)
