"""From which numbers networks of a type are given theirs: a project's come from its own ranges first.

Then come those of ranges that are everybody's (any number where there are no such ranges), but for other projects' own.
"""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from alcor.model.number_ranges import Range, difference, normalised
from alcor.store.tables import network_segment_range

_RANGE = network_segment_range.c


class Ranges(msgspec.Struct, frozen=True):
    """The ranges of projects, and what is left for everybody."""

    owned: Mapping[str, list[Range]]
    everybodys: list[Range]

    def of(self, project_id: str) -> Iterable[Range]:
        """The ranges for a project's networks, in the order in which they are looked at."""
        return *self.owned.get(project_id, ()), *self.everybodys


def ranges_of(connection: Connection, network_type: str, physical_network: str | None, whole: Range) -> Ranges:
    """The ranges for networks of a type (on a physical network), which lie in ``whole``."""
    columns = _RANGE.project_id, _RANGE.shared, _RANGE.minimum, _RANGE.maximum
    wanted = _RANGE.network_type == network_type, is_on(_RANGE.physical_network, physical_network)
    owned: dict[str, list[Range]] = {}
    shared: list[Range] = []
    for project_id, is_shared, minimum, maximum in connection.execute(
        select(*columns).where(*wanted).order_by(_RANGE.minimum)
    ):
        (shared if is_shared else owned.setdefault(project_id, [])).append((minimum, maximum))
    taken = sorted(each for its in owned.values() for each in its)
    return Ranges(owned, difference(normalised(shared) or [whole], taken))


def is_on(column: ColumnElement[str | None], physical_network: str | None) -> ColumnElement[bool]:
    """The condition for what is on a physical network, or on none."""
    return column.is_(None) if physical_network is None else column == physical_network


def physical_networks(connection: Connection, network_type: str) -> list[str]:
    """The physical networks of which there are ranges."""
    wanted = _RANGE.network_type == network_type, _RANGE.physical_network.is_not(None)
    statement = select(_RANGE.physical_network).where(*wanted).distinct().order_by(_RANGE.physical_network)
    return list(connection.execute(statement).scalars())
