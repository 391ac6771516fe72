"""The links between the pages of a list."""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

from alcor.api.http import Request
from alcor.api.neutron.query import ListRequest

Link = dict[str, str]
Item = TypeVar("Item")


def cut(listed: ListRequest, rows: Sequence[Item]) -> tuple[list[Item], bool]:
    """The page's own items, and whether more follow in the direction of reading."""
    if len(rows) <= listed.page_size:
        return list(rows), False
    return (list(rows[1:]) if listed.query.page_reverse else list(rows[: listed.page_size])), True


def links(request: Request, listed: ListRequest, ids: Sequence[str], more: bool) -> list[Link]:
    """``next`` and ``previous`` of a page of resources with these ids, where there is something."""
    query = listed.query
    if not ids:
        return []
    result = []
    if more if not query.page_reverse else query.marker is not None:
        result.append({"rel": "next", "href": _href(request, ids[-1], reverse=False)})
    if more if query.page_reverse else query.marker is not None:
        result.append({"rel": "previous", "href": _href(request, ids[0], reverse=True)})
    return result


def _href(request: Request, marker: str, *, reverse: bool) -> str:
    kept = [(name, value) for name, value in request.query() if name not in ("marker", "page_reverse")]
    parameters = [*kept, ("marker", marker), *([("page_reverse", "True")] if reverse else [])]
    return f"{request.base_url()}{request.path}?{urlencode(parameters)}"
