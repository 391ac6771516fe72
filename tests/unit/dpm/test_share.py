"""Controllers that each know what the others had a moment ago end with equal shares, and then leave hosts alone."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from alcor.dpm.share import CLEARLY_FRACTION, CLEARLY_HOSTS, Share

MOST = 100


class Region:
    """Controllers that look in turns. Hosts that are let go are at another controller some turns later."""

    def __init__(self, hosts: list[int], delay: int, rng: random.Random) -> None:
        self.hosts, self._delay, self._rng = hosts, delay, rng
        self._said = list(hosts)
        self._shares = [Share() for _ in hosts]
        self._travelling: list[tuple[int, int]] = []  # turn of arrival, controller
        self._turn = 0
        self.moves = 0

    def turn(self) -> int:
        """Each controller looks once; returns how many hosts were let go."""
        self._turn += 1
        moved = 0
        for number in self._rng.sample(range(len(self.hosts)), len(self.hosts)):
            self._said[number] = self.hosts[number]
            others = [said for other, said in enumerate(self._said) if other != number]
            gone = self._shares[number].surplus(self.hosts[number], others, MOST)
            self.hosts[number] -= gone
            moved += gone
            elsewhere = [other for other in range(len(self.hosts)) if other != number]
            self._travelling += [
                (self._turn + self._rng.randint(0, self._delay), self._rng.choice(elsewhere)) for _ in range(gone)
            ]
        for _, controller in [item for item in self._travelling if item[0] <= self._turn]:
            self.hosts[controller] += 1
        self._travelling = [item for item in self._travelling if item[0] > self._turn]
        self.moves += moved
        return moved


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2000), min_size=2, max_size=5), st.integers(0, 1), st.randoms(use_true_random=False))
def test_shares_become_equal_and_stay_so(hosts: list[int], delay: int, rng: random.Random) -> None:
    region = Region(list(hosts), delay, rng)
    total, quiet, turns = sum(hosts), 0, 0
    while quiet < 10:
        quiet = 0 if region.turn() else quiet + 1
        turns += 1
        assert turns < 1000, "hosts move for ever"
    assert sum(region.hosts) == total
    mean = total / len(hosts)
    assert max(region.hosts) <= mean + max(CLEARLY_HOSTS, CLEARLY_FRACTION * mean)


def test_two_controllers_end_with_about_half_of_the_hosts_each_and_move_no_host_twice() -> None:
    region = Region([40, 0], 0, random.Random(1))
    while region.turn():
        pass
    assert region.hosts in ([20, 20], [21, 19])
    assert region.moves == region.hosts[1]


def test_a_little_more_than_the_share_moves_nobody() -> None:
    assert Share().surplus(30, [10], MOST) == 0
    assert Share().surplus(1099, [901], MOST) == 0
    assert Share().surplus(31, [10], MOST) > 0


def test_only_so_many_are_let_go_at_once() -> None:
    assert Share().surplus(100_000, [0], MOST) == MOST
