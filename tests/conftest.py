"""For every test."""

import gc
import signal

import pytest
from hypothesis import HealthCheck, settings

# A run in the background of a shell, or under nohup, ignores Ctrl-C or SIGHUP, and so would the programs that tests
# interrupt or hang up on. What has a handler here is the default in programs that are started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)

# How long something takes says nothing where other work goes on.
settings.register_profile("any machine", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# What drivers promise stands in modules that pytest does not take for tests: it says there, too, what was compared.
pytest.register_assert_rewrite("tests.conformance.driver")


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what all tests are made of: it took two fifths of their time."""
    gc.collect()
    gc.freeze()
