"""Numbers as people read them."""

_STEPS = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"))


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    for below, factor, unit in _STEPS:
        if seconds < below:
            return f"{_three(seconds * factor)} {unit}"
    return f"{_three(seconds)} s"


def quantity(value: float, unit: str = "") -> str:
    """A number with its unit; bytes and seconds in the multiple that suits them."""
    if unit == "s":
        return duration(value)
    if unit == "bytes":
        return size(value)
    return f"{_three(value)} {unit}".strip()


def size(value: float) -> str:
    """Bytes, in powers of 1024."""
    for unit in ("bytes", "KiB", "MiB"):
        if abs(value) < 1024 * 8 or (unit == "bytes" and abs(value) < 1024 * 32):
            return f"{_three(value)} {unit}"
        value /= 1024
    return f"{_three(value)} GiB"


def _three(value: float) -> str:
    """Three digits that count; whole numbers in full."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
