"""Hosts that reach their controller over a network of its own, with certificates from end to end."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

from alcor.testbed.cloud import Cloud
from alcor.testbed.controller import Controller
from alcor.testbed.host import Host
from alcor.testbed.management import Management
from alcor.testbed.testbed import Testbed
from tests.e2e.migrated import start_migrated

_SOUTHBOUND_PORT = 9697


class Site:
    """Three of them."""

    def __init__(self, testbed: Testbed, *controller_arguments: str) -> None:
        self.testbed = testbed
        self.management = Management(testbed.sandbox)
        self.controller = Controller(
            testbed.sandbox,
            "managed",
            controller_arguments,
            management=self.management.namespace,
            southbound=f"{self.management.address}:{_SOUTHBOUND_PORT}",
        )
        start_migrated(self.controller)
        testbed.make_hosts(3, (self.controller,))
        for host in self.hosts:
            self.management.join(host)

    @property
    def hosts(self) -> Sequence[Host]:
        return self.testbed.hosts


@contextlib.contextmanager
def running_site(*controller_arguments: str, prepare: Callable[[Host], None] = lambda host: None) -> Iterator[Site]:
    """A site whose hosts have joined and are connected; ``prepare`` is told each before its agent starts."""
    with Testbed() as testbed:
        site = Site(testbed, *controller_arguments)
        asyncio.run(_register(site))
        for host in site.hosts:
            prepare(host)
        testbed.start_hosts()
        testbed.wait_connected()
        yield site


async def _register(site: Site) -> None:
    async with Cloud(site.controller) as cloud:
        await cloud.register(site.hosts)
        await cloud.invite(site.hosts)
