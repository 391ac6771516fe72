"""A list request's query string: filters, fields, sorting and paging, as Neutron reads them."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alcor.model.addresses import ip_bytes
from alcor.model.errors import AlcorError, bad_request
from alcor.model.resource import Attribute, Kept, Resource
from alcor.store.page import Query

_PAGING = ("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse")
_DIRECTIONS = {"asc": True, "desc": False}


class ListRequest(msgspec.Struct, frozen=True):
    """What is to be listed; ``query.limit`` is one more than the page has, to see whether there is another page."""

    query: Query
    fields: frozenset[str]
    page_size: int


def parse(resource: Resource, parameters: Sequence[tuple[str, str]], largest_page: int) -> ListRequest:
    """The list request that a query string makes. Raises AlcorError naming what is wrong."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    page_size = _page_size(given, largest_page)
    subnets, addresses = _fixed_ips(given.pop("fixed_ips", ()) if "fixed_ips" in resource.attributes else ())
    return ListRequest(
        query=Query(
            filters=_filters(resource, given),
            sort=_sort(resource, given.get("sort_key", ()), given.get("sort_dir", ())),
            limit=page_size + 1,
            marker=_last(given, "marker"),
            page_reverse=(_last(given, "page_reverse") or "").lower() in ("true", "1"),
            fixed_ip_subnets=subnets,
            fixed_ip_addresses=addresses,
        ),
        fields=frozenset(field for field in given.get("fields", ()) if field),
        page_size=page_size,
    )


def _last(given: dict[str, list[str]], name: str) -> str | None:
    values = given.get(name)
    return values[-1] or None if values else None


def _page_size(given: dict[str, list[str]], largest: int) -> int:
    text = _last(given, "limit")
    if text is None:
        return largest
    try:
        limit = int(text)
    except ValueError:
        limit = -1
    if limit < 0:
        raise bad_request(f"Limit must be an integer 0 or greater and not '{text}'")
    return min(limit, largest) if limit else largest


def _filters(resource: Resource, given: dict[str, list[str]]) -> dict[str, Sequence[Any]]:
    filters: dict[str, Sequence[Any]] = {}
    for name, values in given.items():
        if name in _PAGING:
            continue
        attribute = resource.attributes.get(name)
        if attribute is not None and attribute.kept is Kept.CONSTANT:
            if str(attribute.default) not in values:
                filters["id"] = []
        elif attribute is None or attribute.parse_filter is None:
            raise bad_request(f"['{name}'] is invalid attribute for filtering")
        else:
            filters[attribute.column] = [_filter_value(attribute, value) for value in values]
    return filters


def _filter_value(attribute: Attribute, text: str) -> Any:
    assert attribute.parse_filter is not None
    try:
        return attribute.parse_filter(text)
    except ValueError as error:
        raise bad_request(
            f"Invalid input for {attribute.name}. Reason: '{text}' cannot be compared with it."
        ) from error


def _sort(resource: Resource, keys: Sequence[str], directions: Sequence[str]) -> list[tuple[str, bool]]:
    if directions and len(keys) != len(directions):
        raise bad_request("The number of sort_keys and sort_dirs must be same")
    for direction in directions:
        if direction not in _DIRECTIONS:
            raise bad_request(f"'{direction}' is invalid attribute for sort_dirs: write asc or desc")
    order: list[tuple[str, bool]] = []
    for key, direction in zip(keys, directions or ["asc"] * len(keys), strict=True):
        attribute = resource.attributes.get(key)
        if attribute is None or attribute.kept is not Kept.COLUMN:
            raise bad_request(f"['{key}'] is invalid attribute for sort_keys")
        if attribute.column not in {column for column, _ in order}:
            order.append((attribute.column, _DIRECTIONS[direction]))
    return order


def _fixed_ips(values: Iterable[str]) -> tuple[list[str], list[bytes]]:
    """``fixed_ips=ip_address=10.0.0.1`` and ``fixed_ips=subnet_id=…``."""
    subnets: list[str] = []
    addresses: list[bytes] = []
    for value in values:
        name, _, wanted = value.partition("=")
        if name == "subnet_id":
            subnets.append(wanted)
        elif name == "ip_address":
            try:
                addresses.append(ip_bytes(wanted))
            except ValueError as error:
                raise _bad_fixed_ip(value) from error
        else:
            raise _bad_fixed_ip(value)
    return subnets, addresses


def _bad_fixed_ip(value: str) -> AlcorError:
    return bad_request(
        f"Invalid input for fixed_ips. Reason: '{value}' is neither ip_address=ADDRESS nor subnet_id=UUID."
    )
