"""What is not done with Horizon, each with the reason."""

import functools
import re
import tomllib
from pathlib import Path

_PATH = Path(__file__).with_name("exclusions.toml")


def reason_for(what: str) -> str:
    """Why this page or action is left out; nothing when it is not."""
    return next((reason for pattern, reason in _exclusions() if pattern.search(what)), "")


@functools.cache
def _exclusions() -> list[tuple[re.Pattern[str], str]]:
    listed = tomllib.loads(_PATH.read_text())["excluded"]
    return [(re.compile(each["what"]), each["reason"]) for each in listed]
