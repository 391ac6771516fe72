"""MAC addresses of ports: given out from the installation's range, or chosen by the client, unique in each network."""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, select

from alcor.model.addresses import mac_text
from alcor.model.errors import conflict
from alcor.store import number_pools
from alcor.store.tables import port
from alcor.store.transaction import Transaction

_POOL = "mac"
_RANGE = (0xFA163E000001, 0xFA163EFFFFFE)

_HELD = select(port.c.network_id, port.c.mac_address).where(
    port.c.mac_address.in_(bindparam("macs", expanding=True)),
)


def assign(transaction: Transaction, ports: Sequence[tuple[str, int | None]]) -> list[int]:
    """The MACs of new ports (network id, chosen MAC or None). Raises AlcorError (409) when one is in use."""
    chosen = [(network_id, mac) for network_id, mac in ports if mac is not None]
    if chosen:
        _choose(transaction, chosen)
    given = iter(number_pools.take(transaction, _POOL, len(ports) - len(chosen)))
    return [next(given) if mac is None else mac for _, mac in ports]


def _choose(transaction: Transaction, chosen: Sequence[tuple[str, int]]) -> None:
    macs = {mac for _, mac in chosen}
    # Also locks the pool, so that whoever releases one of these knows whether we hold it.
    number_pools.take_exact(transaction, _POOL, [mac for mac in macs if in_range(mac)])
    held = {tuple(row) for row in transaction.connection.execute(_HELD, {"macs": sorted(macs)})}
    for network_id, mac in chosen:
        if (network_id, mac) in held:
            raise conflict(
                "MacAddressInUse",
                f"Unable to complete operation for network {network_id}. The mac address {mac_text(mac)} is in use.",
            )
        held.add((network_id, mac))


def in_range(mac: int) -> bool:
    """Whether the address is one of those given out."""
    return _RANGE[0] <= mac <= _RANGE[1]


def lock(transaction: Transaction) -> None:
    """Nobody takes or releases a MAC until the transaction ends."""
    number_pools.lock(transaction, _POOL)


def release(transaction: Transaction, macs: Iterable[int]) -> None:
    """Give back those that no port has any more; the caller has locked the pool and deleted or changed its ports."""
    candidates = {mac for mac in macs if in_range(mac)}
    if candidates:
        held = transaction.connection.execute(_HELD, {"macs": sorted(candidates)})
        number_pools.release(transaction, _POOL, candidates - {row.mac_address for row in held})
