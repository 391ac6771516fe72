"""Hosts with an Open vSwitch and a control agent each, for suites in which packets are sent."""

import contextlib
from collections.abc import Iterator

from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from tests.conformance.neutron.cloud import HOSTS, Cloud


@contextlib.contextmanager
def run_real_hosts(cloud: Cloud) -> Iterator[Testbed]:
    """The cloud's nodes, connected to its controller."""
    with Testbed() as testbed:
        for number in range(1, len(HOSTS) + 1):
            testbed.hosts.append(Host(testbed.sandbox, testbed.underlay, number, (cloud.southbound,)))
        testbed.start_hosts()
        testbed.wait_connected()
        yield testbed
