"""When garbage in cycles is looked for."""

import gc
from collections.abc import Iterator

import pytest

from alcor.controller import garbage


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.enable()
    gc.set_threshold(*threshold)


def test_what_stays_is_made_without_looking_for_garbage_and_never_looked_at_again() -> None:
    with garbage.making_what_stays():
        assert not gc.isenabled()
        stays = [[number] for number in range(10)]
    assert gc.isenabled()
    looked_at = {id(each) for each in gc.get_objects()}
    assert not looked_at & {id(each) for each in stays}


def test_garbage_is_looked_for_again_when_making_what_stays_failed() -> None:
    with pytest.raises(ValueError, match="no database"), garbage.making_what_stays():
        raise ValueError("no database")
    assert gc.isenabled()


def test_garbage_is_looked_for_seldom_but_is() -> None:
    before = gc.get_threshold()
    garbage.look_seldom()
    assert gc.isenabled()
    assert all(now >= was > 0 for now, was in zip(gc.get_threshold(), before, strict=True))
