"""The Open vSwitch driver keeps the promises of every driver, with real packets."""

import pytest

from tests.conformance.driver.acl_borders import *  # noqa: F403
from tests.conformance.driver.acls import *  # noqa: F403
from tests.conformance.driver.connections import *  # noqa: F403
from tests.conformance.driver.flooding import *  # noqa: F403
from tests.conformance.driver.ipv6 import *  # noqa: F403
from tests.conformance.driver.on_demand import *  # noqa: F403
from tests.conformance.driver.remote_groups import *  # noqa: F403
from tests.conformance.driver.routes import *  # noqa: F403
from tests.conformance.driver.routes_ipv6 import *  # noqa: F403
from tests.conformance.driver.routing import *  # noqa: F403
from tests.conformance.driver.routing_ipv6 import *  # noqa: F403
from tests.conformance.driver.security_groups import *  # noqa: F403
from tests.conformance.driver.services import *  # noqa: F403
from tests.conformance.driver.suite import *  # noqa: F403
from tests.conformance.driver.tracing import *  # noqa: F403

pytestmark = pytest.mark.root
