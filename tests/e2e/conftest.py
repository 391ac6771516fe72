"""What a test of real hosts failed on: their agents and switches are asked before they are gone."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed

_LONGEST = 8000  # characters of one answer; its end, as logs tell of the failure there
_SWITCH = (("tnl/neigh/show",), ("ovs/route/show",), ("dpctl/dump-flows", "-m"), ("coverage/show",))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have the report of a failed test say what its hosts say."""
    report = yield
    if report.failed and call.when == "call":
        for testbed in _testbeds(getattr(item, "funcargs", {})):
            report.sections.append(("controller.log", _asked(testbed.controller.program.log.read_text)))
            report.sections += [section for host in testbed.hosts for section in _sections(host)]
    return report


def _testbeds(arguments: dict[str, Any]) -> Iterator[Testbed]:
    for argument in arguments.values():
        candidate = getattr(argument, "testbed", argument)
        if isinstance(candidate, Testbed):
            yield candidate


def _sections(host: Host) -> Iterator[tuple[str, str]]:
    yield f"{host.name}: status", _asked(host.status)
    yield f"{host.name}: flows", _asked(lambda: host.switch.ofctl("dump-flows"))
    for question in _SWITCH:
        yield f"{host.name}: {' '.join(question)}", _asked(lambda asked=question: host.switch.appctl(*asked))  # type: ignore[misc]
    for log in ("agent.log", "ovs-vswitchd.log"):
        yield f"{host.name}: {log}", _asked(lambda name=log: host.outside(name).read_text(errors="replace"))  # type: ignore[misc]


def _asked(question: Callable[[], Any]) -> str:
    """The answer, or why there is none: a host may be in any state."""
    try:
        return str(question())[-_LONGEST:]
    except Exception as error:
        return f"no answer: {error!r}"
