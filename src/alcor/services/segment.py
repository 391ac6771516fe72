"""Segments: what networks are made of. The main one, of which a network's own row tells, is a VXLAN.

Hosts carry the network as that; other segments are kept for those who connect them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, false, func, select

from alcor.model.errors import AlcorError, bad_request, conflict, invalid_input, not_found
from alcor.model.identifiers import new_id
from alcor.model.resources.segment import SEGMENT
from alcor.services import tags, vnis
from alcor.services.access import Access
from alcor.services.manager import Values, stamp
from alcor.services.rows import Rows
from alcor.store import bulk
from alcor.store.tables import segment, subnet
from alcor.store.transaction import Transaction

ACCESS = Access(SEGMENT, segment, lambda _context: false())
ROWS = Rows(SEGMENT, segment)

_PROVIDER = ("network_type", "physical_network", "segmentation_id")
_VLANS = range(1, 4095)
_OF_NETWORK = (
    select(segment)
    .where(segment.c.network_id == bindparam("network_id"))
    .order_by(segment.c.is_main.desc(), segment.c.created_at, segment.c.id)
)
_COUNT = select(func.count()).where(segment.c.network_id == bindparam("network_id"))
_OTHER_SUBNET = (
    select(subnet.c.segment_id)
    .where(subnet.c.network_id == bindparam("network_id"), subnet.c.id != bindparam("changed"))
    .limit(1)
)


def first_of(values: Values) -> Values:
    """The attributes of a new network, which is what the first VXLAN of its ``segments`` is when it has any.

    That one comes first then. Raises AlcorError (400) when there is none, the network also says itself what it is, or a
    segment is named twice.
    """
    segments = values.get("segments")
    if not segments:
        return values
    if any(values[f"provider:{name}"] not in (None, "vxlan") for name in _PROVIDER):
        raise AlcorError(
            400, "SegmentsSetInConjunctionWithProviders", "Segments and provider values cannot both be set."
        )
    certain = [each for each in segments if each.get("provider:segmentation_id")]
    if any(each in certain[:index] for index, each in enumerate(certain)):
        raise AlcorError(400, "SegmentsContainDuplicateEntry", "Duplicate segment entry in request.")
    main = next((each for each in segments if each["provider:network_type"] == "vxlan"), None)
    if main is None:
        raise invalid_input("one of the segments must be vxlan: it is what hosts carry the network as")
    others = [each for each in segments if each is not main]
    named = {f"provider:{name}": main.get(f"provider:{name}") for name in _PROVIDER}
    return values | named | {"segments": [main, *others]}


def add_first(transaction: Transaction, networks: Iterable[Values]) -> None:
    """Write the segments of new networks; they have the numbers that they were given then."""
    rows = []
    for values in networks:
        main = {name: values[f"provider:{name}"] for name in _PROVIDER}
        rows.append(_row(transaction, values["id"], values["project_id"], main, is_main=True))
        for more in (values.get("segments") or ())[1:]:
            said = {name: more.get(f"provider:{name}") for name in _PROVIDER}
            given = said | {"project_id": values["project_id"]}
            rows.append(_row(transaction, values["id"], values["project_id"], numbered(transaction, given)))
        if len(values.get("segments") or ()) > 1:
            values["segments"] = [_provider_view(row) for row in rows if row.network_id == values["id"]]
        else:
            values["segments"] = None
    bulk.insert_rows(transaction.connection, segment, rows)


def _row(
    transaction: Transaction, network_id: str, project_id: str, said: Mapping[str, Any], *, is_main: bool = False
) -> Any:
    values = stamp(transaction, {"network_id": network_id, "project_id": project_id, "name": "", "description": ""})
    return ROWS.row(
        values | {"id": new_id(), "is_main": is_main, "tags": []} | {name: said[name] for name in _PROVIDER}
    )


def _provider_view(row: Any) -> dict[str, Any]:
    return {f"provider:{name}": getattr(row, name) for name in _PROVIDER}


def segments_view(connection: Connection, network_id: str) -> list[dict[str, Any]] | None:
    """What a network shows as its ``segments``: nothing when there is but one."""
    rows = connection.execute(_OF_NETWORK, {"network_id": network_id}).all()
    return [_provider_view(row) for row in rows] if len(rows) > 1 else None


def numbered(transaction: Transaction, values: Values) -> Values:
    """The attributes of a segment beside the first with the number that it says, or is given. Raises AlcorError."""
    kind, physical, number = (values[name] for name in _PROVIDER)
    if kind == "vxlan":
        if physical:
            raise invalid_input("provider:physical_network specified for vxlan network")
        return values | {"segmentation_id": _vni(transaction, values["project_id"], number)}
    if not physical:
        raise invalid_input(f"physical_network required for {kind} provider network")
    if kind == "flat" and number:
        raise invalid_input("segmentation_id prohibited for flat provider network")
    if number and number not in _VLANS:
        raise invalid_input(f"segmentation_id out of range ({_VLANS[0]} through {_VLANS[-1]})")
    used = select(segment.c.segmentation_id).where(
        segment.c.network_type == kind, segment.c.physical_network == physical
    )
    taken = set(transaction.connection.execute(used).scalars())
    if kind == "vlan" and number is None:
        number = next((vlan for vlan in _VLANS if vlan not in taken), None)
        if number is None:
            raise conflict("NoNetworkAvailable", f"Unable to create the network. Every VLAN of {physical} is in use.")
    if number in taken:
        raise _in_use(kind, physical, number)
    return values | {"segmentation_id": number}


def _vni(transaction: Transaction, project_id: str, number: int | None) -> int:
    if number is None:
        return vnis.take(transaction, [project_id])[0]
    if not vnis.take_exact(transaction, [number]):
        raise conflict("TunnelIdInUse", f"Unable to create the network. The tunnel ID {number} is in use.")
    return number


def _in_use(kind: str, physical: str, number: int | None) -> AlcorError:
    if kind == "flat":
        return conflict(
            "FlatNetworkInUse", f"Unable to create the flat network. Physical network {physical} is in use."
        )
    return conflict(
        "VlanIdInUse", f"Unable to create the network. The VLAN {number} on physical network {physical} is in use."
    )


def forget_all(transaction: Transaction, network_id: str) -> None:
    """The network is gone, and its segments with it."""
    rows = transaction.connection.execute(_OF_NETWORK, {"network_id": network_id}).all()
    release(transaction, [row for row in rows if not row.is_main])
    bulk.delete_by(transaction.connection, segment, "network_id", [network_id])
    tags.forget(transaction.connection, [row.id for row in rows if tags.tags_of(row)])


def release(transaction: Transaction, rows: Sequence[Any]) -> None:
    """Give back the VNIs of these segments."""
    vnis.release(transaction, [row.segmentation_id for row in rows if row.network_type == "vxlan"])


def check_subnet(
    connection: Connection, network_id: str, segment_id: str | None, changed: str = "", old: str | None = None
) -> None:
    """Raises AlcorError unless a subnet may be on a segment (none: the whole network).

    All subnets of a network are on one, or none is: any one of them tells. ``changed`` is the id of a subnet that is
    there, on ``old``.
    """
    if segment_id is not None:
        found = bulk.select_by(connection, [segment.c.network_id], segment.c.id, [segment_id])
        if not found:
            raise not_found("segment", segment_id)
        if found[0].network_id != network_id:
            raise bad_request(
                f"The subnet's network id, '{network_id}', doesn't match the network_id of segment '{segment_id}'",
                "NetworkIdsDontMatch",
            )
    if changed and segment_id == old:
        return
    other = connection.execute(_OTHER_SUBNET, {"network_id": network_id, "changed": changed}).first()
    if other is not None and (changed or (other.segment_id is None) != (segment_id is None)):
        raise bad_request(
            f"All of the subnets on network '{network_id}' must either all be associated with segments or all not "
            "associated with any segment.",
            "SubnetsNotAllAssociatedWithSegments",
        )
    if changed and old is not None:
        raise bad_request(
            "A subnet that is already associated with a segment cannot have its segment association changed.",
            "SubnetSegmentAssociationChangeNotAllowed",
        )
    if changed and (connection.execute(_COUNT, {"network_id": network_id}).scalar() or 0) > 1:
        raise bad_request(
            f"The network '{network_id}' has multiple segments, it is only possible to associate an existing subnet "
            "with a segment on networks with a single segment.",
            "NoUpdateSubnetWhenMultipleSegmentsOnNetwork",
        )
