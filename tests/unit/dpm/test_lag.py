"""How long what is not compiled yet has waited, as far as anybody can know."""

from alcor.dpm.lag import Lag


def test_the_oldest_entry_not_compiled_counts() -> None:
    lag = Lag()
    lag.seen(3, now=10.0)
    lag.seen(3, now=11.0)
    lag.seen(5, now=12.0)
    assert (lag.head, lag.seconds(14.0)) == (5, 4.0)
    lag.compiled(2)
    assert lag.seconds(14.0) == 4.0
    lag.compiled(3)
    assert lag.seconds(14.0) == 2.0
    lag.compiled(5)
    assert lag.seconds(14.0) == 0.0


def test_what_is_compiled_before_its_head_was_seen_is_no_lag() -> None:
    lag = Lag()
    lag.compiled(7)
    lag.seen(7, now=1.0)
    assert (lag.head, lag.seconds(2.0)) == (7, 0.0)
