"""Plots of cost against size: what benchmarks that go over sizes draw when they are given --plot FILE.svg."""

import argparse
from pathlib import Path

from alcor.scale.formatting import duration
from alcor.scale.report.picture import picture
from alcor.scale.report.plots import Line, over_sizes

_CAPTION_WIDTH = 100  # characters


def add_plot_option(parser: argparse.ArgumentParser) -> None:
    """The option --plot; where it is not given, a plot's ``write`` does nothing."""
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw cost against size to this file")


def of_database(path: Path | None, database: str) -> Path | None:
    """The file of one database, where each has a plot of its own."""
    return path and path.with_name(f"{path.stem}-{database}{path.suffix}")


class Plot:
    """Times by size, as they are measured."""

    def __init__(self, title: str, size: str, setting: str) -> None:
        """``size`` says what the sizes count; ``setting`` is the machine and the commit."""
        self._title = f"{title}, by {size}"
        self._setting = setting
        self._lines: dict[str, Line] = {}

    def add(self, line: str, size: float, seconds: float) -> None:
        """One measurement."""
        self._lines.setdefault(line, Line(line, [])).points.append((size, seconds))

    def write(self, path: Path | None) -> None:
        """Draw all of them to a file, if one is wanted."""
        if path is None:
            return
        lines = list(self._lines.values())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture(self._title, over_sizes(lines, duration), lines, _wrapped(self._setting)))
        print(f"drawn: {path}")


def _wrapped(setting: str) -> list[str]:
    lines = [""]
    for part in setting.split(", "):
        if lines[-1] and len(lines[-1]) + len(part) > _CAPTION_WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{part}"
    return lines
