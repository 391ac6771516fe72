"""The Open vSwitch driver keeps the promises of every driver, with real packets."""

import pytest

from tests.conformance.driver.suite import *  # noqa: F403

pytestmark = pytest.mark.root
