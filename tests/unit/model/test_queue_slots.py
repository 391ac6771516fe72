"""Keys have slots as brokers find them, and no two hosts the same one."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.model.queue_slots import SLOTS, free_key, slot_of

_TOLD_BY_BROKERS = {"a": 27_058, "b": 32_259, "c": 54_879, "d": 5_235, "e": 17_255, "f": 34_875}


def test_a_slot_is_what_brokers_find() -> None:
    assert {key: slot_of(key) for key in _TOLD_BY_BROKERS} == _TOLD_BY_BROKERS


@given(st.lists(st.text(min_size=1), min_size=1, max_size=50, unique=True), st.sets(st.integers(0, 100)))
def test_each_key_that_is_given_out_has_a_slot_of_its_own(wanted: list[str], crowded: set[int]) -> None:
    taken = {slot for slot in range(SLOTS) if slot % 101 in crowded and len(crowded) < 50}
    mine: set[int] = set()
    for key in wanted:
        found = free_key(key, taken | mine)
        assert found is not None
        assert found[0].startswith(key) and found[1] == slot_of(found[0]) and found[1] not in taken | mine
        mine.add(found[1])


def test_a_key_whose_slot_is_taken_is_extended() -> None:
    assert free_key("host-1", {slot_of("host-1")}) == ("host-1~2", slot_of("host-1~2"))
    assert free_key("host-1", range(SLOTS)) is None
