"""What a suite leaves out, each with the reason: what stands in its exclusions.toml."""

import functools
import re
import tomllib
from pathlib import Path


def reason_for(exclusions: Path, what: str) -> str:
    """Why a test, or whatever else a file of exclusions tells of, is left out; nothing when it is not."""
    return next((reason for pattern, reason in _read(exclusions) if pattern.search(what)), "")


@functools.cache
def _read(exclusions: Path) -> list[tuple[re.Pattern[str], str]]:
    listed = tomllib.loads(exclusions.read_text())["excluded"]
    return [(re.compile(each["what"]), each["reason"]) for each in listed]
