"""Above which number something is done can be said, and that it never is; else the default holds."""

import click
import pytest

from alcor.cli.above import above, number_or_never


@pytest.mark.parametrize(("text", "holds"), [("0", 0), ("250", 250), ("none", None)])
def test_what_is_given_holds(text: str, holds: int | None) -> None:
    assert above(number_or_never(text), 100) == holds


@pytest.mark.parametrize("default", [100, None])
def test_where_nothing_is_given_the_default_holds(default: int | None) -> None:
    assert above(None, default) == default


@pytest.mark.parametrize("text", ["-1", "some", "1.5", ""])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="neither a number nor none"):
        number_or_never(text)
