"""Ids are UUIDs whose order is the order of their making; those of ports differ where interfaces are named."""

import multiprocessing
import time
import uuid

from alcor.model.identifiers import id_bytes, id_text, new_id, new_port_id, new_request_id


def test_an_id_is_a_version_7_uuid_that_holds_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_ids_are_different() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ports_made_together_differ_in_the_names_of_their_interfaces() -> None:
    made = [new_port_id() for _ in range(10_000)]
    assert len({each[:11] for each in made}) == len(made)


def test_ids_of_ports_made_together_are_neighbours() -> None:
    first, second, *_, last = (int(new_port_id()[:11].replace("-", ""), 16) for _ in range(10_000))
    assert (second - first) % 16**10 == 1
    assert (last - first) % 16**10 == 9_999


def test_an_id_of_a_port_is_a_version_8_uuid() -> None:
    made = [uuid.UUID(new_port_id()) for _ in range(100)]
    assert {each.version for each in made} == {8}
    assert {each.variant for each in made} == {uuid.RFC_4122}
    assert len({each.int & (1 << 62) - 1 for each in made}) == 100


def test_text_and_bytes_are_the_same_id() -> None:
    made = new_id()
    assert id_text(id_bytes(made)) == made == str(uuid.UUID(made))


def test_a_forked_process_makes_other_ids() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        theirs = pool.apply(new_request_id)
    assert new_request_id() != theirs


def test_a_forked_process_counts_ports_from_elsewhere() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        theirs = pool.apply(new_port_id)
    assert new_port_id()[:11] != theirs[:11]
