"""What fails again and again is attempted ever less often, and at once again when it succeeds."""

from alcor.store.attempts import Attempts


def left_out_before_each_failure(attempts: Attempts, failures: int) -> list[int]:
    """How many were left out before each of so many attempts, all in vain."""
    counts = []
    for _ in range(failures):
        count = 0
        while not attempts.is_worthwhile():
            count += 1
        counts.append(count)
        attempts.failed()
    return counts


def test_attempts_in_vain_become_rare() -> None:
    assert left_out_before_each_failure(Attempts(), 8) == [0, 0, 1, 3, 7, 15, 15, 15]


def test_success_begins_anew() -> None:
    attempts = Attempts()
    left_out_before_each_failure(attempts, 4)
    while not attempts.is_worthwhile():
        pass
    attempts.succeeded()
    assert all(attempts.is_worthwhile() for _ in range(20))
    attempts.failed()
    assert left_out_before_each_failure(attempts, 2) == [0, 1]
