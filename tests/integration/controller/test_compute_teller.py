"""Nova hears all that happens to its servers' ports, whatever befalls it or those who tell."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.controller.compute import teller
from alcor.controller.compute.nova import Nova
from alcor.controller.compute.settings import ComputeSettings
from alcor.controller.compute.teller import Teller
from alcor.model.choices import Choices
from alcor.services.ports import compute_events
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from tests.fake_nova import KEYSTONE, FakeNova
from tests.integration.services.cloud import Cloud, open_cloud
from tests.tasks import running

SERVER = "6a7b8c9d-0000-4000-8000-000000000001"


@pytest.fixture
async def cloud(database_url: str) -> AsyncIterator[Cloud]:
    async with open_cloud(database_url, Choices(tells_compute=True)) as cloud:
        yield cloud


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LOOK_SECONDS", "_AGAIN_SECONDS"):
        monkeypatch.setattr(teller, name, 0.01)


@contextlib.asynccontextmanager
async def telling(cloud: Cloud, fake: FakeNova) -> AsyncIterator[CollectorRegistry]:
    """Somebody tells, and counts."""
    registry = CollectorRegistry()
    nova = Nova(ComputeSettings(), KEYSTONE, fake.client())
    async with running(Teller(cloud.store, nova, registry).run()):
        yield registry


async def port(cloud: Cloud) -> View:
    return await cloud.port(await cloud.network(), device_owner="compute:nova", device_id=SERVER)


async def until_nothing_is_left(cloud: Cloud) -> None:
    async with asyncio.timeout(20):
        while await cloud.store.read(compute_events.is_any_left):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_all_is_told_in_order_once_nova_is_back(cloud: Cloud) -> None:
    fake, its = FakeNova(), await port(cloud)
    fake.answers = [503, httpx.ConnectError("refused"), 500]
    async with telling(cloud, fake) as registry:
        await cloud.update(PORTS, its["id"], name="new")
        await cloud.delete(PORTS, its["id"])
        await until_nothing_is_left(cloud)
    assert [each["name"] for each in fake.heard] == ["network-changed", "network-vif-deleted"]
    assert {each["tag"] for each in fake.heard} == {its["id"]}
    assert registry.get_sample_value("alcor_compute_events_told_total") == 2
    assert registry.get_sample_value("alcor_compute_events_dropped_total") == 0


async def test_nothing_that_goes_wrong_ends_the_telling(cloud: Cloud) -> None:
    fake, its = FakeNova(), await port(cloud)
    fake.answers = [RuntimeError("nobody thought of this")]
    async with telling(cloud, fake):
        await cloud.update(PORTS, its["id"], name="new")
        await until_nothing_is_left(cloud)
    assert [each["name"] for each in fake.heard] == ["network-changed"]


async def test_what_was_left_is_told_by_who_comes_next(cloud: Cloud) -> None:
    fake, its = FakeNova(), await port(cloud)
    fake.answers = [503] * 1_000
    async with telling(cloud, fake):
        await cloud.update(PORTS, its["id"], name="new")
        async with asyncio.timeout(20):
            while not fake.asked:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    fake.answers = []
    async with telling(cloud, fake):
        await until_nothing_is_left(cloud)
    assert len(fake.heard) == 1


async def test_several_who_tell_say_everything_once_and_in_order(cloud: Cloud) -> None:
    fake, its = FakeNova(), await port(cloud)
    async with telling(cloud, fake), telling(cloud, fake), telling(cloud, fake):
        for name in range(150):  # more than are told at once
            await cloud.update(PORTS, its["id"], name=str(name))
        await cloud.delete(PORTS, its["id"])
        await until_nothing_is_left(cloud)
    assert [each["name"] for each in fake.heard] == ["network-changed"] * 150 + ["network-vif-deleted"]


async def test_what_is_refused_holds_nothing_up(cloud: Cloud) -> None:
    fake, its = FakeNova(), await port(cloud)
    fake.answers = [400]
    async with telling(cloud, fake) as registry:
        await cloud.update(PORTS, its["id"], name="new")
        await until_nothing_is_left(cloud)
        await cloud.delete(PORTS, its["id"])
        await until_nothing_is_left(cloud)
    assert [each["name"] for each in fake.heard] == ["network-vif-deleted"]
    assert registry.get_sample_value("alcor_compute_events_dropped_total") == 1


async def test_nobody_waits_any_more_for_what_is_old(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, its = FakeNova(), await port(cloud)
    await cloud.update(PORTS, its["id"], name="new")
    monkeypatch.setattr(teller, "_TOO_LATE_SECONDS", -5)
    async with telling(cloud, fake) as registry:
        await until_nothing_is_left(cloud)
    assert fake.heard == []
    assert registry.get_sample_value("alcor_compute_events_dropped_total") == 1
