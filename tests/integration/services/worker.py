"""A process that creates, changes and deletes ports at random: ``worker.py DATABASE SEED REQUESTS``.

Works on every network it finds. Prints, as JSON, how often each outcome came.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from alcor.model.errors import AlcorError
from alcor.services.manager import Manager
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.services.subnets.subnet import SUBNETS
from alcor.store.store import Store, open_store
from tests.integration.services.cloud import Cloud

CALLERS = 8
HOSTS = ["", "host-1", "host-2"]


class Caller:
    """One of many clients: it has ports of its own, and now and then touches those of others."""

    def __init__(self, store: Store, seed: int, networks: Sequence[View], subnets: Sequence[View]) -> None:
        self.cloud = Cloud(store)
        self.random = random.Random(seed)
        self.networks = networks
        self.subnets = subnets
        self.own: list[str] = []
        self.outcomes: Counter[str] = Counter()

    async def run(self, requests: int) -> None:
        for _ in range(requests):
            request = self.random.choices([self.create, self.update, self.delete, self.resize], [6, 3, 5, 1])[0]
            try:
                await request()
                self.outcomes[request.__name__] += 1
            except AlcorError as error:
                self.outcomes[error.kind] += 1

    async def create(self) -> None:
        network = self.random.choice(self.networks)
        values: list[dict[str, Any]] = [
            {"network_id": network["id"], "binding:host_id": self.random.choice(HOSTS)}
            for _ in range(self.random.choice([1, 1, 1, 5, 40]))
        ]
        if self.random.random() < 0.2:
            values[-1]["mac_address"] = f"fa:16:3e:00:00:{self.random.randrange(1, 90):02x}"
        if self.random.random() < 0.2:
            values[0]["fixed_ips"] = [self.any_address(network)]
        self.own += [view["id"] for view in await self.cloud.create(PORTS, *values)]

    def any_address(self, network: View) -> dict[str, str]:
        subnet = self.random.choice([each for each in self.subnets if each["network_id"] == network["id"]])
        prefix = subnet["cidr"].rsplit(".", 1)[0]
        return {"subnet_id": subnet["id"], "ip_address": f"{prefix}.{self.random.randrange(1, 120)}"}

    async def update(self) -> None:
        if self.own:
            port_id = self.random.choice(self.own)
            change: dict[str, Any] = {"binding:host_id": self.random.choice(HOSTS)}
            if self.random.random() < 0.5:
                change["fixed_ips"] = [{"subnet_id": self.random.choice(self.subnets)["id"]}]
            await self.cloud.update(PORTS, port_id, **change)

    async def delete(self) -> None:
        if self.own:
            await self.cloud.delete(PORTS, self.own.pop(self.random.randrange(len(self.own))))

    async def resize(self) -> None:
        subnet = self.random.choice(self.subnets)
        prefix = subnet["cidr"].rsplit(".", 1)[0]
        last = self.random.randrange(60, 110)
        await self.cloud.update(
            SUBNETS, subnet["id"], allocation_pools=[{"start": f"{prefix}.2", "end": f"{prefix}.{last}"}]
        )


async def work(store: Store, seed: int, requests: int) -> Counter[str]:
    """Have many callers send so many requests each, and count what came of them."""
    cloud = Cloud(store)
    networks, subnets = await listed(cloud, NETWORKS), await listed(cloud, SUBNETS)
    callers = [Caller(store, seed * 1000 + number, networks, subnets) for number in range(CALLERS)]
    await asyncio.gather(*(caller.run(requests) for caller in callers))
    return sum((caller.outcomes for caller in callers), Counter())


async def listed(cloud: Cloud, manager: Manager) -> list[View]:
    found = await cloud.all(manager)
    return [found[key] for key in sorted(found)]


async def main(url: str, seed: int, requests: int) -> None:
    store = await open_store(url)
    try:
        print(json.dumps(await work(store, seed, requests)))
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
