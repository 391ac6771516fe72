"""Views are made once for as long as they stay the same."""

from collections import namedtuple
from typing import Any

from alcor.services.remembered import Remembered
from alcor.services.rows import View

Row = namedtuple("Row", "id name")
ROWS = [Row("1", "one"), Row("2", "two")]


class Making:
    """Makes views, and remembers of which rows."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, row: Any, beside: Any) -> View:
        self.made.append(row.id)
        return {"name": row.name} | beside


def test_a_view_is_made_again_when_its_row_or_what_is_beside_it_changes() -> None:
    making = Making()
    remembered = Remembered(making)
    remembered.views(ROWS, [{"shared": False}, {"shared": False}])
    remembered.views(ROWS, [{"shared": False}, {"shared": False}])
    assert making.made == ["1", "2"]
    changed = [Row("1", "one"), Row("2", "renamed")]
    assert remembered.views(changed, [{"shared": True}, {"shared": False}]) == [
        {"name": "one", "shared": True},
        {"name": "renamed", "shared": False},
    ]
    assert making.made == ["1", "2", "1", "2"]


def test_as_many_are_remembered_as_there_is_room_for() -> None:
    making = Making()
    remembered = Remembered(making, most=1)
    for _ in range(2):
        assert remembered.views(ROWS, [{}, {}]) == [{"name": "one"}, {"name": "two"}]
    assert making.made == ["1", "2", "1", "2"]


def test_who_comes_when_there_is_no_room_takes_that_of_the_oldest() -> None:
    making = Making()
    remembered = Remembered(making, most=2)
    for row in (*ROWS, Row("3", "three"), Row("2", "two"), Row("1", "one")):
        remembered.views([row], [{}])
    assert making.made == ["1", "2", "3", "1"], "the second is known still"
