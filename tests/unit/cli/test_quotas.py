"""``alcor controller --quota``: how many resources a project may have while nothing is set for it."""

import click
import pytest

from alcor.cli.quotas import default_limits


def test_neutrons_defaults_hold_where_callers_are_known() -> None:
    known = default_limits(True, [])
    assert (known["network"], known["port"], known["router"], known.get("trunk")) == (100, 500, 10, None)
    assert default_limits(False, []) == {}


def test_what_is_given_holds_instead() -> None:
    assert default_limits(True, ["port=7", "network=-1", "port=9"]).items() >= {"port": 9, "network": -1}.items()
    assert default_limits(False, ["port=0"]) == {"port": 0}


@pytest.mark.parametrize("wrong", ["port", "port=", "port=many", "port=-2", "port=1.5", "teapot=1", "=1"])
def test_what_cannot_be_is_refused(wrong: str) -> None:
    with pytest.raises(click.UsageError):
        default_limits(True, [wrong])
