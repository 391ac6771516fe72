"""The links between the pages of a list."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote_plus, urlencode

from alcor.api.http import Request
from alcor.api.neutron.query import ListRequest

Link = dict[str, str]
Item = TypeVar("Item")

_MOST_ENCODED = 512


def cut(listed: ListRequest, rows: Sequence[Item]) -> tuple[list[Item], bool]:
    """The page's own items, and whether more follow in the direction of reading."""
    if len(rows) <= listed.page_size:
        return list(rows), False
    return (list(rows[1:]) if listed.query.page_reverse else list(rows[: listed.page_size])), True


def links(
    request: Request, listed: ListRequest, page: Sequence[Item], id_of: Callable[[Item], str], more: bool
) -> list[Link]:
    """``next`` and ``previous`` of a page of resources.

    As Neutron's, a page that is as long as was asked for has a link to the next one, be it empty; and an empty one has
    a link back to where the reader came from.
    """
    query = listed.query
    ahead = more or (listed.limited and len(page) == listed.page_size)
    behind = query.marker is not None
    forward, backward = (behind, more) if query.page_reverse else (ahead, behind)
    result = []
    if forward:
        result.append({"rel": "next", "href": _href(request, map(id_of, page[-1:]), reverse=False)})
    if backward:
        result.append({"rel": "previous", "href": _href(request, map(id_of, page[:1]), reverse=True)})
    return result


def _href(request: Request, marker: Iterable[str], *, reverse: bool) -> str:
    """The address of the page that begins behind the marker; without one, of the first page in that direction."""
    kept = [(name, value) for name, value in request.query() if name not in ("marker", "page_reverse")]
    parameters = [_encoded(tuple(kept))] if kept else []
    parameters += [f"marker={quote_plus(each)}" for each in marker]
    if reverse:
        parameters.append("page_reverse=True")
    return f"{request.base_url()}{request.path}?{'&'.join(parameters)}"


@lru_cache(_MOST_ENCODED)
def _encoded(parameters: Sequence[tuple[str, str]]) -> str:
    return urlencode(parameters)
