"""The page shows what was found, and nothing in it comes from anywhere else or can be mistaken for markup."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from alcor.scale.formatting import duration, quantity
from alcor.scale.report.page import page, write_report
from alcor.scale.report.picture import picture
from alcor.scale.report.plots import Axis, Line, over_sizes, over_time, percentiles
from alcor.scale.result import Machine, Outcome, Series, StepResult


def outcome(*problems: str) -> Outcome:
    step = StepResult(title="create <b>ports</b>", what="{}", began=1.0, ended=4.0, problems=list(problems))
    step.figure("ports created", 12_345, "ports")
    step.figure("throughput", 1234.5, "ports/s")
    step.measured("request to programmed", [0.001 * number for number in range(1, 1001)])
    return Outcome(
        scenario="example & more",
        description="an example",
        started_at="2026-01-01 00:00 UTC",
        machine=Machine("A processor", 2, 23.5, "Linux 6", "3.11", "abc", 0.5),
        database="SQLite",
        hosts=1000,
        steps=[step],
        times=[0.0, 1.0, 2.0, 3.0],
        series={
            "connected hosts": Series("hosts", [0.0, 500.0, None, 1000.0]),
            "ports programmed": Series("ports", [0.0, 100.0, 50.0, 150.0]),
            "cpu controller": Series("%", [None, 50.0, 100.0, 90.0]),
            "memory controller": Series("bytes", [2.0**30, 2.0**30, 2.0**30, 2.0**30]),
        },
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect"):
            assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    text = page(outcome())
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert "script" not in tags.seen
    assert not re.search(r"(src|href)=|url\(|@import|https?:", text)


def test_the_page_shows_what_was_found() -> None:
    text = page(outcome())
    for shown in ("example &amp; more", "create &lt;b&gt;ports&lt;/b&gt;", "12,345 ports", "1,234 ports/s", "501 ms",
                  "2 × A processor, 23.5 GiB", "abc", "1,000 simulated", "passed"):  # fmt: skip
        assert shown in text
    assert "failed" not in text


def test_a_failure_cannot_be_overlooked() -> None:
    text = page(outcome("waited 5 s for <ports>"))
    assert "failed" in text
    assert "waited 5 s for &lt;ports&gt;" in text
    assert "passed" not in text


def test_the_json_is_the_outcome(tmp_path: Path) -> None:
    write_report(outcome(), tmp_path)
    assert msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=Outcome) == outcome()
    assert (tmp_path / "report.html").read_text() == page(outcome())


def test_a_gap_breaks_a_line_and_points_are_where_they_belong() -> None:
    drawing = ElementTree.fromstring(over_time([Line("a", [(0.0, 0.0), (1.0, 2.0), None, (2.0, 4.0)])], str))
    (path,) = drawing.iter("path")
    assert path.attrib["d"].count("M") == 2
    numbers = [float(number) for number in re.findall(r"[\d.]+", path.attrib["d"])]
    assert numbers[0::2] == sorted(numbers[0::2])
    assert numbers[1::2] == sorted(numbers[1::2], reverse=True)  # larger values are further up


@pytest.mark.parametrize("points", [[], [None], [(0.0, 0.0)], [(0.0, 0.0), (99.9, 0.0)]])
def test_next_to_nothing_can_be_drawn(points: list[tuple[float, float] | None]) -> None:
    line = Line("a", points)
    for drawing in (over_time([line], str), percentiles([line], duration), over_sizes([line], duration)):
        ElementTree.fromstring(drawing)


SIZES = (10, 1_000, 100_000)


def heights(*costs: float) -> list[float]:
    """Where the dots of costs at growing sizes are, as pixels from the top."""
    line = Line("a", list(zip(SIZES, costs, strict=True)))
    drawing = ElementTree.fromstring(over_sizes([line], duration))
    return [float(dot.attrib["cy"]) for dot in drawing.iter("circle")]


def test_a_cost_that_does_not_depend_on_the_size_is_a_flat_line() -> None:
    assert len(set(heights(0.2, 0.2, 0.2))) == 1


@pytest.mark.parametrize("factor", [1.5, 1000.0], ids=["a little", "beyond a linear axis"])
def test_a_cost_that_grows_with_the_size_is_drawn_higher_and_higher(factor: float) -> None:
    low, middle, high = heights(0.2, 0.2 * factor, 0.2 * factor**2)
    assert low > middle > high > 0


def test_sizes_ten_times_apart_are_equally_far_apart() -> None:
    drawing = ElementTree.fromstring(over_sizes([Line("a", [(size, 1.0) for size in (1, 10, 100)])], duration))
    first, second, third = (float(dot.attrib["cx"]) for dot in drawing.iter("circle"))
    assert second - first == pytest.approx(third - second, abs=0.2)


def test_a_picture_is_a_file_of_its_own_that_says_what_it_shows() -> None:
    lines = [Line("one <create>", [(10, 0.1), (100, 0.1)]), Line("a list", [(10, 0.2), (100, 0.3)])]
    text = picture("Cost & size", over_sizes(lines, duration), lines, ["2 × A processor", "commit abc"])
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    shown = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Cost & size", "one <create>", "a list", "2 × A processor", "commit abc", "10", "100"} <= set(shown)
    assert not re.search(r"(src|href)=|url\(|@import", text)


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0.0, 100.0, 0, 1), [0, 25, 50, 75, 100]),
        (Axis(0.0, 7.0, 0, 1), [0, 2, 4, 6]),
        (Axis(0.001, 1.0, 0, 1, logarithmic=True), [0.001, 0.01, 0.1, 1.0]),
    ],
)
def test_ticks_are_round_numbers(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks() == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00012, "s", "120 µs"),
        (0.0123, "s", "12.3 ms"),
        (75.0, "s", "75 s"),
        (893.0, "bytes", "893 bytes"),
        (1.5 * 2**30, "bytes", "1,536 MiB"),
        (12 * 2**30, "bytes", "12 GiB"),
        (7095.6, "hosts/s", "7,096 hosts/s"),
        (3.14159, "", "3.14"),
    ],
)
def test_numbers_are_written_as_people_read_them(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text
