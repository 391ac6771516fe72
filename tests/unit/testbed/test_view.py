"""The demo remembers which promises held."""

import io

from rich.console import Console

from alcor.testbed.demo.view import View


def shown() -> tuple[View, io.StringIO]:
    output = io.StringIO()
    return View(Console(file=output, width=40)), output


def test_a_promise_holds_unless_something_contradicts_it() -> None:
    view, output = shown()
    view.promise("every pair can ping", [])
    assert (view.held, view.broken) == (1, [])
    view.promise("no pair can ping", ["a reached b", "b reached a"])
    assert (view.held, view.broken) == (1, ["no pair can ping: not so, a reached b; b reached a"])
    assert "✓ every pair can ping" in output.getvalue()
    assert "✗ no pair can ping: not so, a reached b; b reached a" in output.getvalue()


def test_many_counterexamples_are_cut_short() -> None:
    view, _ = shown()
    view.promise("silence", [f"w{number} heard it" for number in range(100)])
    assert view.broken[0].endswith("w4 heard it and 95 more")


def test_what_changes_is_shown_once_where_it_cannot_be_shown_live() -> None:
    view, output = shown()
    numbers = iter(range(10))
    with view.live(lambda: f"number {next(numbers)}"):
        pass
    assert output.getvalue() == "number 0\n"
