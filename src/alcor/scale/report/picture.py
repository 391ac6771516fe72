"""A plot as a file of its own, for pages that others render."""

import html
from collections.abc import Sequence

from alcor.scale.report.plots import COLOURS, HEIGHT, LEFT, WIDTH, Line
from alcor.scale.report.style import PICTURE_STYLE

_TITLE_HEIGHT, _LEGEND_STEP, _CAPTION_STEP = 30, 16, 12


def picture(title: str, drawing: str, lines: Sequence[Line], caption: Sequence[str]) -> str:
    """The SVG file: a drawing (report.plots) of these lines with a title, a legend, and lines of small print."""
    legend_top = _TITLE_HEIGHT + HEIGHT
    caption_top = legend_top + _LEGEND_STEP * len(lines) + 16
    height = caption_top + _CAPTION_STEP * len(caption)
    legend = [_named(line, number, legend_top + 12 + _LEGEND_STEP * number) for number, line in enumerate(lines)]
    small_print = [
        f'<text class="caption" x="{LEFT}" y="{caption_top + _CAPTION_STEP * number}">{html.escape(text)}</text>'
        for number, text in enumerate(caption)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f"<style>{PICTURE_STYLE}</style>"
        f'<rect class="card" width="{WIDTH}" height="{height}" rx="8"/>'
        f'<text class="title" x="{LEFT}" y="22">{html.escape(title)}</text>'
        f'<svg y="{_TITLE_HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{drawing}</svg>'
        f"{''.join(legend)}{''.join(small_print)}</svg>\n"
    )


def _named(line: Line, number: int, y: int) -> str:
    return (
        f'<path class="line c{number % COLOURS}" d="M{LEFT} {y - 4}h14"/>'
        f'<text x="{LEFT + 20}" y="{y}">{html.escape(line.name)}</text>'
    )
