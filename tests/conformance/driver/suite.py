"""What every data plane driver promises, checked with frames. Speaks to the driver interface and the harness only."""

from tests.conformance.driver.acl_borders import *  # noqa: F403
from tests.conformance.driver.acls import *  # noqa: F403
from tests.conformance.driver.cloud import cloud  # noqa: F401  (a fixture)
from tests.conformance.driver.connections import *  # noqa: F403
from tests.conformance.driver.flooding import *  # noqa: F403
from tests.conformance.driver.forwarding import *  # noqa: F403
from tests.conformance.driver.ipv6 import *  # noqa: F403
from tests.conformance.driver.on_demand import *  # noqa: F403
from tests.conformance.driver.programming import *  # noqa: F403
from tests.conformance.driver.remote_groups import *  # noqa: F403
from tests.conformance.driver.restarts import *  # noqa: F403
from tests.conformance.driver.routes import *  # noqa: F403
from tests.conformance.driver.routes_ipv6 import *  # noqa: F403
from tests.conformance.driver.routing import *  # noqa: F403
from tests.conformance.driver.routing_ipv6 import *  # noqa: F403
from tests.conformance.driver.security_groups import *  # noqa: F403
from tests.conformance.driver.services import *  # noqa: F403
from tests.conformance.driver.source_guard import *  # noqa: F403
from tests.conformance.driver.spreading import *  # noqa: F403
from tests.conformance.driver.tracing import *  # noqa: F403
