"""A region as a whole: PostgreSQL, two controllers, a broker behind proxies, hosts, and links between all of them."""

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from alcor.model.choices import Choices
from tests.brokers import Broker
from tests.databases import PostgreSQL
from tests.integration.chaos import statuses
from tests.integration.chaos.host import Host
from tests.integration.running import Controller
from tests.links.links import Link, Links
from tests.links.pulsar_frames import Chances, PulsarMeddling
from tests.processes import free_port

FAST, AUTO, QUEUE = "fast", "auto", "queue"
CHANNELS = (FAST, FAST, AUTO, AUTO, AUTO, QUEUE)
"""Of the hosts. Those of the first kind know of no broker: neighbours lead them to controllers."""

FEW_CHANNELS = (FAST, AUTO, AUTO, AUTO)
"""Of a small site, where nobody takes as long as a host on the queue to hear that its controller is gone."""

QUEUED_ABOVE = 10
"""Ports of a VPC of which hosts learn by a topic."""

_CONTROLLERS = ("c1", "c2")


class Site:
    """``chances`` say what becomes of messages between the broker and its clients."""

    def __init__(
        self,
        directory: Path,
        links: Links,
        postgresql: PostgreSQL,
        database: str,
        broker: Broker,
        channels: Sequence[str],
        seed: int,
    ) -> None:
        self.chances = Chances()
        self.broker, self.postgresql = broker, postgresql
        self.proxies: list[PulsarMeddling] = []
        self.networks: list[str] = []
        self.controllers: dict[str, Controller] = {}
        self.hosts: dict[str, Host] = {}
        self.broker_links: dict[str, Link] = {}
        """Of controllers, and of hosts that know of the broker."""
        self.database_links: dict[str, Link] = {}
        """Of controllers."""
        self.database, self.choices = postgresql.url(database), Choices(queue_above=QUEUED_ABOVE)
        self._connect = lambda: postgresql.connect(database, autocommit=True)
        self._directory, self._links, self._seed = directory, links, seed
        self._namespace = broker.new_namespace()
        for name in _CONTROLLERS:
            link = self.database_links[name] = links.open(f"127.0.0.1:{free_port()}", postgresql.address)
            self._add_controller(name, postgresql.url(database, at=link.address))
        self._add_hosts(channels)

    def _add_controller(self, name: str, database: str) -> None:
        (self._directory / name).mkdir()
        options = ["--database", database, "--message-queue", self._way_to_broker(name)]
        options += ["--queue-above", str(QUEUED_ABOVE), "--digest-interval", "2", "--probe-interval", "5"]
        self.controllers[name] = Controller(self._directory / name, *options)

    def _add_hosts(self, channels: Sequence[str]) -> None:
        port = free_port()  # at the address of each host
        for number, channel in enumerate(channels, 1):
            name = f"h{number}"
            home = self._directory / name
            home.mkdir()
            ways = [
                self._links.open(f"unix:{home / each}", f"unix:{self._directory / each}/agents")
                for each in _CONTROLLERS
            ]
            settings: dict[str, Any] = {"channel": channel, "rescue_after": 2, "relay_port": port, "probe_port": port}
            if channel != FAST:
                settings["message_queue"] = self._way_to_broker(name)
            self.hosts[name] = Host(name, number, home, ways, self.broker_links.get(name), **settings)

    def _way_to_broker(self, name: str) -> str:
        target, listen = self.broker.url.removeprefix("pulsar://"), f"127.0.0.1:{free_port()}"
        proxy = PulsarMeddling(target, listen, self.chances, self._seed + len(self.proxies))
        self.proxies.append(proxy)
        self.broker_links[name] = self._links.open(listen, target, proxy.meddle())
        return f"pulsar://{listen}/{self._namespace}"

    def start(self) -> None:
        """Run everybody, with a network of which hosts learn by its topic soon, and a small one."""
        for controller in self.controllers.values():
            controller.start()
        for host in self.hosts.values():
            self._post(
                "/nodes", {"host_info": {"node_id": host.name, "node_name": host.name, "local_ip": host.address}}
            )
        for number in range(2):
            self.networks.append(self._post("/v2.0/networks", {"network": {}})["network"]["id"])
            subnet = {"network_id": self.networks[-1], "ip_version": 4, "cidr": f"10.{number}.0.0/16"}
            self._post("/v2.0/subnets", {"subnet": subnet})
        for host in self.hosts.values():
            host.start()

    def _post(self, path: str, body: Any) -> Any:
        answer = httpx.post(f"http://{self.controllers['c1'].address}{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()

    def links(self) -> list[Link]:
        """All of them."""
        of_hosts = (link for host in self.hosts.values() for link in host.controllers)
        return [*self.database_links.values(), *self.broker_links.values(), *of_hosts]

    def end_database_connections(self) -> None:
        """Of everybody, whatever they are at."""
        with self._connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def meddled(self) -> dict[str, int]:
        """What became of messages."""
        return dict(sum((proxy.done for proxy in self.proxies), Counter()))

    def too_early(self) -> tuple[int, list[str]]:
        """See statuses."""
        with self._connect() as connection:
            return statuses.too_early(connection, self.hosts)

    def kill(self) -> None:
        """End everybody but the broker and the database."""
        for part in (*self.hosts.values(), *self.controllers.values()):
            part.kill()


@contextlib.contextmanager
def running_site(
    postgresql: PostgreSQL, template: str, broker: Broker, channels: Sequence[str], seed: int
) -> Iterator[Site]:
    """A site that serves; nothing of it stays. What became ACTIVE is noted in its database."""
    database = postgresql.create_database(template)
    with postgresql.connect(database, autocommit=True) as connection:
        statuses.watch(connection)
    with tempfile.TemporaryDirectory(prefix="alcor-chaos-") as directory, Links() as links:
        site = Site(Path(directory), links, postgresql, database, broker, channels, seed)
        try:
            site.start()
            yield site
        finally:
            site.kill()
    postgresql.drop_database(database)
