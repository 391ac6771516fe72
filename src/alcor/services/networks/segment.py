"""Segments: what networks are made of. The main one is what a network's own row tells of.

Hosts carry every network as a VXLAN: as the main segment if it is one, else as another that clients do not see. Other
segments are kept for those who connect them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, false, func, select

from alcor.model.errors import AlcorError, bad_request, invalid_input, not_found
from alcor.model.identifiers import new_id
from alcor.model.resources.segment import SEGMENT
from alcor.services import tags
from alcor.services.access import Access
from alcor.services.manager import Values, stamp
from alcor.services.networks import segment_numbers
from alcor.services.networks.tunnels import VXLAN
from alcor.services.rows import Rows
from alcor.store import bulk
from alcor.store.tables import segment, subnet
from alcor.store.transaction import Transaction

ACCESS = Access(SEGMENT, segment, lambda _context: false())
ROWS = Rows(SEGMENT, segment)

_PROVIDER = ("network_type", "physical_network", "segmentation_id")
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
    """The attributes of a new network, which is what its main segment is when it has several.

    That is the first VXLAN of its ``segments``, else the first of them; it comes first then. Raises AlcorError (400)
    when the network also says itself what it is, or a segment is named twice.
    """
    segments = values.get("segments")
    if not segments:
        return values
    if any(values[f"provider:{name}"] not in (None, VXLAN.name) for name in _PROVIDER):
        raise AlcorError(
            400, "SegmentsSetInConjunctionWithProviders", "Segments and provider values cannot both be set."
        )
    certain = [each for each in segments if each.get("provider:segmentation_id")]
    if any(each in certain[:index] for index, each in enumerate(certain)):
        raise AlcorError(400, "SegmentsContainDuplicateEntry", "Duplicate segment entry in request.")
    main = next((each for each in segments if each["provider:network_type"] == VXLAN.name), segments[0])
    others = [each for each in segments if each is not main]
    named = {f"provider:{name}": main.get(f"provider:{name}") for name in _PROVIDER}
    return values | named | {"segments": [main, *others]}


def begin(transaction: Transaction, networks: Sequence[Values]) -> None:
    """Write the segments of new networks, and give these the numbers of theirs and what hosts carry them as.

    Raises AlcorError when a number is in use, or cannot be.
    """
    vxlans = [values for values in networks if values["provider:network_type"] == VXLAN.name]
    for values in vxlans:
        segment_numbers.check_tunnel(VXLAN, values["provider:physical_network"])
    segment_numbers.number_vxlans(transaction, vxlans)
    for values in vxlans:
        values["vni"] = values["provider:segmentation_id"]
    _write(transaction, [_row(transaction, values, _said(values), is_main=True) for values in vxlans])
    for values in networks:
        if values["provider:network_type"] != VXLAN.name:
            main = _add(transaction, values, _said(values), is_main=True)
            values |= _provider_view(main) | {"vni": segment_numbers.unseen_vni(transaction)}
        others = [_add(transaction, values, _said(each)) for each in (values.get("segments") or ())[1:]]
        shown = {f"provider:{name}": values[f"provider:{name}"] for name in _PROVIDER}
        values["segments"] = [shown, *map(_provider_view, others)] if others else None


def change(transaction: Transaction, network: Any, values: Values) -> None:
    """Have a network's VLAN get the number that an update says; nothing else of what a network is can change.

    Hosts are told nothing: what they carry it as stays. Raises AlcorError: 400, and 409 when the number is in use.
    """
    said = {name: values.pop(f"provider:{name}", None) for name in _PROVIDER}
    changed = [name for name, value in said.items() if value not in (None, getattr(network, name))]
    fixed = [f"provider:{name}" for name in changed if name != "segmentation_id"]
    if fixed:
        raise invalid_input(
            f"Plugin does not support updating the following provider network attributes: {', '.join(fixed)}"
        )
    if changed:
        values["provider:segmentation_id"] = _renumbered(transaction, network.id, said["segmentation_id"])


def _renumbered(transaction: Transaction, network_id: str, number: int) -> int:
    connection = transaction.connection
    main, *others = connection.execute(_OF_NETWORK, {"network_id": network_id}).all()
    if others:
        raise invalid_input(
            "Provider network attributes can be updated only in provider networks with a single segment."
        )
    if main.network_type != segment_numbers.VLAN:
        raise invalid_input("Only VLAN type networks can be updated.")
    wanted = segment_numbers.numbered(transaction, ROWS.view(main) | {"segmentation_id": number})
    bulk.update_row(connection, segment, ROWS.changed_row(main, wanted | {"is_main": True}, transaction.now))
    return number


def _said(values: Values) -> Values:
    return {name: values.get(f"provider:{name}") for name in _PROVIDER}


def _add(transaction: Transaction, network: Values, said: Values, *, is_main: bool = False) -> Any:
    """Number a segment and write it at once: the next one must find its number in use."""
    owned = said | {"project_id": network["project_id"]}
    row = _row(transaction, network, segment_numbers.numbered(transaction, owned), is_main=is_main)
    _write(transaction, [row])
    return row


def _write(transaction: Transaction, rows: Sequence[Any]) -> None:
    if rows:
        bulk.insert_rows(transaction.connection, segment, rows)


def _row(transaction: Transaction, network: Values, said: Values, *, is_main: bool = False) -> Any:
    owned = {"network_id": network["id"], "project_id": network["project_id"], "name": "", "description": ""}
    values = stamp(transaction, owned) | {name: said[name] for name in _PROVIDER}
    return ROWS.row(values | {"id": new_id(), "is_main": is_main, "tags": []})


def _provider_view(row: Any) -> dict[str, Any]:
    return {f"provider:{name}": getattr(row, name) for name in _PROVIDER}


def segments_view(connection: Connection, network_id: str) -> list[dict[str, Any]] | None:
    """What a network shows as its ``segments``: nothing when there is but one."""
    rows = connection.execute(_OF_NETWORK, {"network_id": network_id}).all()
    return [_provider_view(row) for row in rows] if len(rows) > 1 else None


def forget_all(transaction: Transaction, network_id: str) -> None:
    """The network is gone, and its segments with it."""
    rows = transaction.connection.execute(_OF_NETWORK, {"network_id": network_id}).all()
    segment_numbers.release(transaction, rows)
    bulk.delete_by(transaction.connection, segment, "network_id", [network_id])
    tags.forget(transaction.connection, [row.id for row in rows if tags.tags_of(row)])


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
