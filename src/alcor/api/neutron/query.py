"""A list request's query string: filters, fields, sorting and paging, as Neutron reads them."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alcor.model.addresses import ip_bytes
from alcor.model.errors import AlcorError, bad_request
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.values import shown, shown_names
from alcor.services.rows import View
from alcor.store.listing.query import Query, TagFilter

_SORTING = ("sort_key", "sort_dir")
PAGING = ("fields", "limit", "marker", "page_reverse", *_SORTING)
_DIRECTIONS = {"asc": True, "desc": False}


class ListRequest(msgspec.Struct, frozen=True):
    """What is to be listed; ``query.limit`` is one more than the page has, to see whether there is another page."""

    query: Query
    fields: frozenset[str]
    page_size: int
    limited: bool = False  # the page is as long as was asked for


def parse(resource: Resource, parameters: Sequence[tuple[str, str]], largest_page: int) -> ListRequest:
    """The list request that a query string makes. Raises AlcorError naming what is wrong."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    page_size = _page_size(given, largest_page)
    subnets, addresses, parts = _fixed_ips(given.pop("fixed_ips", ()) if "fixed_ips" in resource.attributes else ())
    tags = _tags(given) if "tags" in resource.attributes else TagFilter()
    filters, computed = _filters(resource, given)
    return ListRequest(
        query=Query(
            filters=filters,
            computed=computed,
            sort=_sort(resource, *([value for value in given.get(name, ()) if value] for name in _SORTING)),
            limit=page_size + 1,
            marker=_last(given, "marker"),
            page_reverse=(_last(given, "page_reverse") or "").lower() == "true",
            fixed_ip_subnets=subnets,
            fixed_ip_addresses=addresses,
            fixed_ip_parts=parts,
            tags=tags,
        ),
        fields=fields(parameters),
        page_size=page_size,
        limited=_last(given, "limit") not in (None, "0"),
    )


def fields(parameters: Sequence[tuple[str, str]]) -> frozenset[str]:
    """The attributes that are asked for; none for all."""
    return frozenset(value for name, value in parameters if name == "fields" and value)


def chosen(view: View, wanted: frozenset[str]) -> View:
    """Those attributes of a view that are asked for."""
    return {name: value for name, value in view.items() if name in wanted} if wanted else view


def _last(given: dict[str, list[str]], name: str) -> str | None:
    values = given.get(name)
    return values[-1] or None if values else None


def _page_size(given: dict[str, list[str]], largest: int) -> int:
    limit = [0, *(_number(text) for text in given.get("limit", ()) if text)][-1]
    return min(limit, largest) if limit else largest


def _number(text: str) -> int:
    try:
        limit = int(text)
    except ValueError:
        limit = -1
    if limit < 0:
        raise bad_request(
            f"Bad limit request: Limit must be an integer 0 or greater and not {shown(text)}.", "BadRequest"
        )
    return limit


def _filters(
    resource: Resource, given: dict[str, list[str]]
) -> tuple[dict[str, Sequence[Any]], dict[str, Sequence[Any]]]:
    """The filters by columns, and by attributes that are in none."""
    filters: dict[str, Sequence[Any]] = {}
    computed: dict[str, Sequence[Any]] = {}
    names = [name for name in given if name not in PAGING]
    invalid = [name for name in names if not _can_filter(resource.attributes.get(name))]
    if invalid:
        raise bad_request(f"{shown_names(invalid)} is invalid attribute for filtering")
    if {"tenant_id", "project_id"} <= given.keys():
        raise bad_request("Both tenant_id and project_id passed as filters.", "TenantIdProjectIdFilterConflict")
    nothing = False
    for name in names:
        attribute = resource.attributes[name]
        if attribute.kept is Kept.CONSTANT:
            constant = attribute.default if attribute.parse_filter else str(attribute.default)
            nothing |= constant not in [_filter_value(attribute, value) for value in given[name]]
        elif attribute.kept is Kept.COMPUTED:
            computed[name] = [_filter_value(attribute, value) for value in given[name]]
        else:
            filters[attribute.column] = [_filter_value(attribute, value) for value in given[name]]
    return (filters | {"id": ()} if nothing else filters), computed


def _can_filter(attribute: Attribute | None) -> bool:
    return attribute is not None and (attribute.kept is Kept.CONSTANT or attribute.parse_filter is not None)


def _filter_value(attribute: Attribute, text: str) -> Any:
    try:
        return (attribute.parse_filter or str)(text)
    except ValueError as error:
        raise bad_request(f"Invalid input for {attribute.name}. Reason: {error}.") from error


def _sort(resource: Resource, keys: Sequence[str], directions: Sequence[str]) -> list[tuple[str, bool]]:
    if len(keys) != len(directions):
        raise bad_request("The number of sort_keys and sort_dirs must be same")
    absent = [key for key in keys if not _can_sort(resource.attributes.get(key))]
    if absent:
        raise bad_request(f"{shown_names(absent)} is invalid attribute for sort_keys")
    unknown = [direction for direction in directions if direction not in _DIRECTIONS]
    if unknown:
        raise bad_request(f"{shown_names(unknown)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'")
    order: list[tuple[str, bool]] = []
    for key, direction in zip(keys, directions, strict=True):
        attribute = resource.attributes[key]
        by = attribute.column or (key if attribute.kept is not Kept.CONSTANT else "")
        if by and by not in {before for before, _ in order}:
            order.append((by, _DIRECTIONS[direction]))
    return order


def _can_sort(attribute: Attribute | None) -> bool:
    return attribute is not None and attribute.sortable


def _tags(given: dict[str, list[str]]) -> TagFilter:
    """``tags``, ``tags-any``, ``not-tags`` and ``not-tags-any``: tags with commas between them."""

    def named(name: str) -> tuple[str, ...]:
        return tuple(tag for value in given.pop(name, ()) for tag in value.split(",") if tag)

    return TagFilter(named("tags"), named("tags-any"), named("not-tags"), named("not-tags-any"))


def _fixed_ips(values: Iterable[str]) -> tuple[list[str], list[bytes], list[str]]:
    """``fixed_ips=ip_address=10.0.0.1``, ``fixed_ips=subnet_id=…`` and ``fixed_ips=ip_address_substr=10.0``."""
    subnets: list[str] = []
    addresses: list[bytes] = []
    parts: list[str] = []
    for value in values:
        name, _, wanted = value.partition("=")
        if name == "subnet_id":
            subnets.append(wanted)
        elif name == "ip_address_substr":
            parts.append(wanted.lower())
        elif name == "ip_address":
            try:
                addresses.append(ip_bytes(wanted))
            except ValueError as error:
                raise _bad_fixed_ip(value) from error
        else:
            raise _bad_fixed_ip(value)
    return subnets, addresses, parts


def _bad_fixed_ip(value: str) -> AlcorError:
    return bad_request(
        f"Invalid input for fixed_ips. Reason: {shown(value)} is none of ip_address=ADDRESS, ip_address_substr=PART "
        "and subnet_id=UUID."
    )
