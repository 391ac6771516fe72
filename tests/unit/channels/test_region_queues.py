"""Cells are told apart by what a controller is told of message queues, and none is connected to twice."""

import pytest

from alcor.channels.message_queue.region_queues import parse_queues

A, B, C = ("pulsar://a:6650/public/alcor", "pulsar://b:6650", "pulsar+ssl://c,d:7651/alcor/region")


def test_cells_have_their_own_queue_or_that_of_all_others() -> None:
    queues = parse_queues([f"cell-1={A}", B, f"cell-2={C}"])
    assert [each.text for each in queues.addresses] == [A, f"{B}/public/default", C]
    assert [queues.cells.queue_of(cell) for cell in ("cell-1", "cell-2", "cell-3", "")] == [0, 2, 1, 1]
    assert [queues.cells_of(number) for number in range(3)] == [["cell-1"], [], ["cell-2"]]


def test_cells_without_a_queue_have_none_where_there_is_no_other() -> None:
    queues = parse_queues([f"cell-1={A}"])
    assert [queues.cells.queue_of(cell) for cell in ("cell-1", "cell-2", "")] == [0, None, None]


def test_cells_share_an_address_however_it_is_written() -> None:
    entries = ["one=pulsar://a,b", "two=pulsar://b:6650,a:6650/public/default/", f"three={A}", "pulsar://a,b"]
    queues = parse_queues(entries)
    assert len(queues.addresses) == 2
    assert queues.cells_of(0) == ["one", "two"]
    assert queues.cells.others == 0


def test_a_cell_may_be_named_whatever_nodes_can_be() -> None:
    assert parse_queues([f"row=7/a={A}"]).cells_of(0) == ["row=7/a"]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (["cell-1:pulsar://a"], r"write pulsar://HOST:PORT or .*, with CELL= before it"),
        (["cell-1="], r"write pulsar://HOST:PORT or .*, with CELL= before it"),
        ([f"={A}"], "names no cell: write CELL=URL, or URL alone"),
        ([f"cell-1={A}", f"cell-1={C}"], "cell cell-1 has two message queues, .*: name one"),
        ([f"cell-1={A}", f"cell-1={A}"], "cell cell-1 has two message queues"),
        ([A, C], "two message queues are of no cell, .*: write CELL= before"),
    ],
    ids=["a colon", "no URL", "no cell", "a cell twice", "a cell twice alike", "no cell twice"],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(entries: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_queues(entries)
