"""Which segment of a trunk each sub-port has, and whether its frames fit into the parent's."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from alcor.model.errors import conflict, invalid_input, not_found
from alcor.model.resources.trunk import INHERIT
from alcor.model.values import integer, shown

_VLAN = "vlan"
_vlan_id = integer(1, 4094)


class SubPort(msgspec.Struct, frozen=True):
    """A port that a trunk carries, and the segment of its frames there."""

    port_id: str
    segmentation_type: str
    segmentation_id: int


def checked_segments(
    wanted: Sequence[Mapping[str, Any]], parent: Any, ports: Mapping[str, Any], networks: Mapping[str, Any]
) -> list[SubPort]:
    """The sub-ports that a request asks for; ``ports`` and ``networks`` have the rows of those that exist.

    Raises AlcorError for a port that does not exist, a segment that cannot be, or one that is said twice.
    """
    found: list[SubPort] = []
    for each in wanted:
        row = ports.get(each["port_id"])
        if row is None:
            raise not_found("port", each["port_id"])
        its_network, mtu = networks[row.network_id], networks[parent.network_id].mtu
        if its_network.mtu > mtu and row.id != parent.id:
            raise conflict(
                "SubPortMtuGreaterThanTrunkPortMtu",
                f"MTU {its_network.mtu} of subport {row.id} cannot be greater than MTU {mtu} of trunk {parent.id}.",
            )
        kind, number = each.get("segmentation_type"), each.get("segmentation_id")
        if kind == INHERIT:
            kind, number = its_network.network_type, its_network.segmentation_id
        if kind != _VLAN:
            raise invalid_input(f"Unknown segmentation_type {shown(kind)}")
        segment = SubPort(row.id, kind, _number(number))
        if any(other.segmentation_id == segment.segmentation_id for other in found):
            raise invalid_input(f"Segmentation ID '{segment.segmentation_id}' for '{row.id}' is not unique")
        found.append(segment)
    return found


def _number(value: Any) -> int:
    try:
        number: int = _vlan_id(value)
    except ValueError as error:
        raise invalid_input(f"Segmentation ID {shown(value)} is not in range") from error
    return number
