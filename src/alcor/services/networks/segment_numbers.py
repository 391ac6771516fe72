"""The numbers of segments: VNIs of VXLANs, and VLANs of physical networks, each of which has one flat segment at most.

VNIs come from a pool. VLANs are few: those in use are read from the segments that there are.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.errors import AlcorError, conflict, invalid_input
from alcor.services.manager import Values
from alcor.services.networks import segment_ranges, vnis
from alcor.store import number_pools
from alcor.store.tables import segment
from alcor.store.transaction import Transaction

VXLAN, VLAN, FLAT = "vxlan", "vlan", "flat"
VLANS = (1, 4094)

_USED = select(segment.c.segmentation_id).where(
    segment.c.network_type == bindparam("network_type"), segment.c.physical_network == bindparam("physical_network")
)


def number_vxlans(transaction: Transaction, networks: Sequence[Values]) -> None:
    """Give new networks that are VXLANs their VNIs, those that they ask for or others. Raises AlcorError."""
    asked = [values["provider:segmentation_id"] for values in networks if values["provider:segmentation_id"]]
    if asked:
        free = vnis.take_exact(transaction, asked)
        for vni in asked:
            if vni not in free:
                raise _tunnel_in_use(vni)
            free.remove(vni)
    others = [values for values in networks if not values["provider:segmentation_id"]]
    try:
        taken = vnis.take(transaction, [values["project_id"] for values in others])
    except number_pools.PoolExhausted as error:
        raise _no_vni() from error
    for values, vni in zip(others, taken, strict=True):
        values["provider:segmentation_id"] = vni


def unseen_vni(transaction: Transaction) -> int:
    """What hosts carry a network as that is no VXLAN. Raises AlcorError."""
    try:
        return vnis.take_unseen(transaction)
    except number_pools.PoolExhausted as error:
        raise _no_vni() from error


def numbered(transaction: Transaction, values: Values) -> Values:
    """The attributes of a segment with its number, the one that it says or another. Raises AlcorError."""
    kind, physical, number = values["network_type"], values["physical_network"], values["segmentation_id"]
    if kind == VXLAN:
        check_vxlan(physical)
        return values | {"segmentation_id": _vni(transaction, values["project_id"], number)}
    if kind == VLAN:
        physical, number = _vlan(transaction.connection, values["project_id"], physical, number)
        return values | {"physical_network": physical, "segmentation_id": number}
    if not physical:
        raise invalid_input("physical_network required for flat provider network")
    if number:
        raise invalid_input("segmentation_id prohibited for flat provider network")
    if _used(transaction.connection, FLAT, physical):
        raise conflict("FlatNetworkInUse", f"Unable to create the flat network. Physical network {physical} is in use.")
    return values


def check_vxlan(physical_network: str | None) -> None:
    """Raises AlcorError (400): a VXLAN is on no physical network."""
    if physical_network:
        raise invalid_input("provider:physical_network specified for vxlan network")


def _vni(transaction: Transaction, project_id: str, number: int | None) -> int:
    if number is None:
        return vnis.take(transaction, [project_id])[0]
    if not vnis.take_exact(transaction, [number]):
        raise _tunnel_in_use(number)
    return number


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
    """Give back the VNIs of segments that go, beside the main ones."""
    vnis.release(transaction, [row.segmentation_id for row in segments if row.network_type == VXLAN])


def _tunnel_in_use(vni: int) -> AlcorError:
    return conflict("TunnelIdInUse", f"Unable to create the network. The tunnel ID {vni} is in use.")


def _no_vni() -> AlcorError:
    return AlcorError(
        503,
        "NoNetworkAvailable",
        "Unable to create the network. No tenant network is available for allocation: every VNI is in use.",
    )
