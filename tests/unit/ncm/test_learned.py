"""What was learned is remembered for at least one rotation and at most two."""

from alcor.ncm.learned import Learned


def test_an_entry_outlives_one_rotation_and_not_two() -> None:
    learned: Learned[int, str] = Learned()
    learned.add(1, "a")
    learned.rotate()
    learned.add(1, "b")
    assert learned.learners(1) == {"a", "b"}
    learned.rotate()
    assert learned.learners(1) == {"b"}
    learned.rotate()
    assert not learned.learners(1)
    assert not len(learned)


def test_what_is_taken_is_known_by_nobody() -> None:
    learned: Learned[int, str] = Learned()
    learned.add(1, "a")
    learned.rotate()
    learned.add(1, "b")
    assert learned.take(1) == {"a", "b"}
    assert not learned.learners(1)
