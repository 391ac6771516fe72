"""The numbers of segments: of tunnels, and of VLANs of physical networks, each of which has one flat segment at most.

Tunnels' come from pools. VLANs are few: those in use are read from the segments that there are. Local segments have
no number.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.errors import AlcorError, conflict, invalid_input
from alcor.services.manager import Values
from alcor.services.networks import segment_ranges, tunnels
from alcor.services.networks.tunnels import TUNNELS, VXLAN, Tunnel
from alcor.store import number_pools
from alcor.store.tables import segment
from alcor.store.transaction import Transaction

VLAN, FLAT, LOCAL = "vlan", "flat", "local"
VLANS = (1, 4094)

_USED = select(segment.c.segmentation_id).where(
    segment.c.network_type == bindparam("network_type"), segment.c.physical_network == bindparam("physical_network")
)


def number_vxlans(transaction: Transaction, networks: Sequence[Values]) -> None:
    """Give new networks that are VXLANs their VNIs, those that they ask for or others. Raises AlcorError."""
    asked = [values["provider:segmentation_id"] for values in networks if values["provider:segmentation_id"]]
    if asked:
        free = tunnels.take_exact(transaction, VXLAN, asked)
        for vni in asked:
            if vni not in free:
                raise _tunnel_in_use(vni)
            free.remove(vni)
    others = [values for values in networks if not values["provider:segmentation_id"]]
    try:
        taken = tunnels.take(transaction, VXLAN, [values["project_id"] for values in others])
    except number_pools.PoolExhausted as error:
        raise _none_left("VNI") from error
    for values, vni in zip(others, taken, strict=True):
        values["provider:segmentation_id"] = vni


def unseen_vni(transaction: Transaction) -> int:
    """What hosts carry a network as that is no VXLAN. Raises AlcorError."""
    try:
        return tunnels.take_unseen(transaction)
    except number_pools.PoolExhausted as error:
        raise _none_left("VNI") from error


def numbered(transaction: Transaction, values: Values) -> Values:
    """The attributes of a segment with its number, the one that it says or another. Raises AlcorError."""
    kind, physical, number = values["network_type"], values["physical_network"], values["segmentation_id"]
    if tunnel := TUNNELS.get(kind):
        check_tunnel(tunnel, physical)
        return values | {"segmentation_id": _tunnel_number(transaction, tunnel, values["project_id"], number)}
    if kind == VLAN:
        physical, number = _vlan(transaction.connection, values["project_id"], physical, number)
        return values | {"physical_network": physical, "segmentation_id": number}
    if number:
        raise invalid_input(f"segmentation_id prohibited for {kind} provider network")
    if kind == LOCAL:
        if physical:
            raise invalid_input("physical_network prohibited for local provider network")
        return values
    if not physical:
        raise invalid_input("physical_network required for flat provider network")
    if _used(transaction.connection, FLAT, physical):
        raise conflict("FlatNetworkInUse", f"Unable to create the flat network. Physical network {physical} is in use.")
    return values


def check_tunnel(tunnel: Tunnel, physical_network: str | None) -> None:
    """Raises AlcorError (400): a tunnel is on no physical network."""
    if physical_network:
        raise invalid_input(f"provider:physical_network specified for {tunnel.name} network")


def _tunnel_number(transaction: Transaction, tunnel: Tunnel, project_id: str, number: int | None) -> int:
    if number is not None:
        if not tunnels.take_exact(transaction, tunnel, [number]):
            raise _tunnel_in_use(number)
        return number
    try:
        return tunnels.take(transaction, tunnel, [project_id])[0]
    except number_pools.PoolExhausted as error:
        raise _none_left(f"number of type {tunnel.name}") from error


def _vlan(connection: Connection, project_id: str, physical: str | None, number: int | None) -> tuple[str, int]:
    """The physical network and the number of a new VLAN, which may say neither where there are ranges of VLANs."""
    if number is not None and not physical:
        raise invalid_input("segmentation_id requires physical_network for VLAN provider network")
    if number is not None and not VLANS[0] <= number <= VLANS[1]:
        raise invalid_input(f"segmentation_id out of range ({VLANS[0]} through {VLANS[1]})")
    choices = [physical] if physical else segment_ranges.physical_networks(connection, VLAN)
    if not choices:
        raise invalid_input("physical_network required for vlan provider network: there are no ranges of VLANs")
    for each in choices:
        used = _used(connection, VLAN, each)
        if number is not None and number in used:
            raise conflict(
                "VlanIdInUse", f"Unable to create the network. The VLAN {number} on physical network {each} is in use."
            )
        found = _first_free(connection, each, project_id, used) if number is None else number
        if found is not None:
            return each, found
    raise conflict("NoNetworkAvailable", f"Unable to create the network. Every VLAN of {', '.join(choices)} is in use.")


def _used(connection: Connection, kind: str, physical: str) -> set[int | None]:
    return set(connection.execute(_USED, {"network_type": kind, "physical_network": physical}).scalars())


def _first_free(connection: Connection, physical: str, project_id: str, used: set[int | None]) -> int | None:
    ranges = segment_ranges.ranges_of(connection, VLAN, physical, VLANS).of(project_id)
    numbers = (number for first, last in ranges for number in range(first, last + 1))
    return next((number for number in numbers if number not in used), None)


def release(transaction: Transaction, segments: Iterable[Any]) -> None:
    """Give back the numbers of segments that go, but for VNIs of main ones: those are their networks'."""
    freed: dict[str, list[int]] = {}
    for row in segments:
        if row.network_type in TUNNELS and not (row.is_main and row.network_type == VXLAN.name):
            freed.setdefault(row.network_type, []).append(row.segmentation_id)
    for name in sorted(freed):
        tunnels.release(transaction, TUNNELS[name], freed[name])


def _tunnel_in_use(vni: int) -> AlcorError:
    return conflict("TunnelIdInUse", f"Unable to create the network. The tunnel ID {vni} is in use.")


def _none_left(what: str) -> AlcorError:
    return AlcorError(
        503,
        "NoNetworkAvailable",
        f"Unable to create the network. No tenant network is available for allocation: every {what} is in use.",
    )
