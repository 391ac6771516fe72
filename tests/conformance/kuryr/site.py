"""Where scenarios are played: a cloud, and a Docker with Kuryr at each of its hosts."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import msgspec

from alcor.testbed.testbed import Testbed
from tests.conformance.kuryr import untagged
from tests.conformance.kuryr.controller import RunningController
from tests.conformance.kuryr.engine import Container, Engine
from tests.conformance.leftovers import leftovers
from tests.conformance.neutron.cloud import Cloud

PROJECT = "service"
"""Kuryr's, as its guide has it."""
_OF_KURYR = ("tap", "t_c")
"""What the names of its interfaces begin with."""

Shown = dict[str, Any]


class Failed(AssertionError):
    """Something was not as it should be."""


class Site(msgspec.Struct, frozen=True):
    """What the controller shows an administrator tells whether Kuryr's requests did what they should."""

    cloud: Cloud
    testbed: Testbed
    engines: Sequence[Engine]
    controller: RunningController

    @property
    def engine(self) -> Engine:
        """The first."""
        return self.engines[0]

    @contextlib.contextmanager
    def without_tags(self) -> Iterator[Engine]:
        """The second, whose Kuryr is made to believe for a while that the network service has no tags."""
        engine = self.engines[1]
        engine.plugin.stop()
        engine.plugin.start(untagged.REGION)
        try:
            yield engine
            engine.clear()  # what it made it alone finds
        finally:
            engine.plugin.stop()
            engine.plugin.start()

    def all(self, collection: str, **filters: str) -> list[Shown]:
        """The resources of a collection that these filters choose."""
        (shown,) = self._ask("GET", f"/{collection}", params=filters).json().values()
        return list(shown)

    def one(self, collection: str, **filters: str) -> Shown:
        """The only one. Raises Failed when there is none, or another."""
        found = self.all(collection, **filters)
        expect(len(found) == 1, f"{len(found)} of {collection} with {filters}")
        return found[0]

    def create(self, resource: str, **values: Any) -> Shown:
        """What is there in Kuryr's project before Docker is told of it."""
        body = {"project_id": self.cloud.keystone.project_id(PROJECT)} | values
        (created,) = self._ask("POST", f"/{resource.replace('_', '-')}s", json={resource: body}).json().values()
        return dict(created)

    def update(self, resource: str, resource_id: str, **values: Any) -> None:
        """Change attributes of it."""
        self._ask("PUT", f"/{resource.replace('_', '-')}s/{resource_id}", json={resource: values})

    def delete(self, path: str) -> None:
        """Delete it."""
        self._ask("DELETE", f"/{path}")

    def network_of(self, docker_network_id: str) -> Shown:
        """The network that Kuryr made of one of Docker's, or took for it: by its tags."""
        return self.one("networks", tags=tags_of(docker_network_id))

    def port_of(self, container: Container) -> Shown:
        """The port that Kuryr made for a container's interface, which must be as Docker was told."""
        port = self.one("ports", device_id=container.endpoint_id)
        check_port(port, container)
        return port

    def left(self) -> list[str]:
        """What there is in Kuryr's project, at the switches and in Docker."""
        found = leftovers(lambda path: self.all(path[1:]), {self.cloud.keystone.project_id(PROJECT)})
        for engine in self.engines:
            found += engine.left()
            interfaces = engine.host.switch.vsctl("list-ports", "br-int").split()
            found += [f"{engine.host.name}: {each}" for each in interfaces if each.startswith(_OF_KURYR)]
        return found

    def clear(self) -> None:
        """Remove what a scenario left that failed."""
        for engine in self.engines:
            engine.clear()
        for collection in ("ports", "subnets", "networks", "subnetpools", "security-groups"):
            for path in self.left():
                if path.startswith(f"{collection}/"):
                    self.delete(path)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"X-Auth-Token": self.cloud.keystone.token(self.cloud.keystone.admin)}
        answer = httpx.request(method, f"{self.cloud.url}/v2.0{path}", headers=headers, timeout=60, **more)
        expect(not answer.is_error, f"{method} {path}: {answer.status_code} {answer.text}")
        return answer


Scenario = Callable[[Site], None]
"""It raises Failed, or TestbedError where Docker complains; it leaves nothing."""


def tags_of(docker_id: str) -> str:
    """What Kuryr writes on the network of one of Docker's, or the port of an endpoint."""
    return f"kuryr.net.uuid.lh:{docker_id[:32]},kuryr.net.uuid.uh:{docker_id[32:]}"


def check_port(port: Shown, container: Container) -> None:
    """It must be active and have the addresses that Docker was told. Raises Failed."""
    given = {each["ip_address"] for each in port["fixed_ips"]}
    told = {each for each in (container.address, container.address_v6) if each}
    expect(given == told, f"{container} has other addresses than {port}")
    expect(port["mac_address"] == container.mac_address, f"{container} has another MAC address than {port}")
    expect(port["status"] == "ACTIVE", f"not active: {port}")
    expect(port["device_owner"] == "compute:kuryr", f"not Kuryr's: {port}")


def expect_both_ways(engine: Engine, one: Container, other: Container) -> None:
    """Each must reach the other. Raises Failed."""
    for source, target in ((one, other), (other, one)):
        expect(engine.pings(source.name, target.address), f"{source} does not reach {target}")


def expect(condition: bool, otherwise: str) -> None:
    """Raises Failed unless the condition holds."""
    if not condition:
        raise Failed(otherwise)
