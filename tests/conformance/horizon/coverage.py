"""Whether the scenarios were on every page that Horizon has of networks, and did all that its tables offer."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.exclusions import reason_for
from tests.conformance.horizon.service import PYTHON, Horizon
from tests.conformance.neutron.outcome import EXCLUDED, FAILED, PASSED, Outcome

_EXCLUSIONS = Path(__file__).with_name("exclusions.toml")
_NAME = "coverage"
_ASKED = re.compile(r'"(?:GET|POST) (/\S*) HTTP')


def outcomes(horizon: Horizon, done: set[str], regex: str) -> Iterator[Outcome]:
    """What no scenario has done, and is on no list; what all scenarios have done has passed."""
    if not re.search(regex, _NAME):
        return
    command = [str(PYTHON), "-I", str(Path(__file__).with_name("pages.py")), str(horizon.directory)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(told)
    asked = {each for path in _ASKED.findall(horizon.log.read_text()) for each in (path, path.partition("?")[0])}
    visited = {name for name, pattern in found["pages"].items() if any(re.match(pattern, path) for path in asked)}
    for kind, wanted, had in (("page", found["pages"], visited), ("action", found["actions"], done)):
        for name in wanted:
            yield _outcome(f"{_NAME}.{kind}.{name}", name in had)


def _outcome(name: str, is_done: bool) -> Outcome:
    if is_done:
        return Outcome(name, PASSED)
    reason = reason_for(_EXCLUSIONS, name)
    return Outcome(name, EXCLUDED if reason else FAILED, reason or "no scenario does it")
