"""Ids are UUIDs whose order is the order of their making."""

import multiprocessing
import time
import uuid

from alcor.model.identifiers import id_bytes, id_text, new_id, new_request_id


def test_an_id_is_a_version_7_uuid_that_holds_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_ids_are_different() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_text_and_bytes_are_the_same_id() -> None:
    made = new_id()
    assert id_text(id_bytes(made)) == made == str(uuid.UUID(made))


def test_a_forked_process_makes_other_ids() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        theirs = pool.apply(new_request_id)
    assert new_request_id() != theirs
