"""Nova is found, and told in its own words."""

import httpx
import pytest

from alcor.controller.compute.nova import Nova, NovaAway, NovaRefuses
from alcor.controller.compute.settings import ComputeSettings
from alcor.services.ports.compute_events import ComputeEvent
from tests.fake_nova import KEYSTONE, FakeNova, endpoint

SERVER, PORT = "6a7b8c9d-0000-4000-8000-000000000001", "6a7b8c9d-0000-4000-8000-00000000000a"
PLUGGED = ComputeEvent(1, SERVER, "network-vif-plugged", PORT, 0)
SAID = {"server_uuid": SERVER, "name": "network-vif-plugged", "tag": PORT, "status": "completed"}


def nova(fake: FakeNova, url: str = "", region: str = "") -> Nova:
    return Nova(ComputeSettings(url, region), KEYSTONE, fake.client())


async def test_it_is_told_where_the_catalog_says_with_one_login_for_all() -> None:
    fake = FakeNova(endpoint("nova"))
    told = nova(fake)
    await told.tell([PLUGGED])
    await told.tell([PLUGGED])
    assert (fake.heard, fake.logins) == ([SAID, SAID], 1)


@pytest.mark.parametrize(
    ("endpoints", "url", "region", "host"),
    [
        ([endpoint("public", "public"), endpoint("internal", "internal")], "", "", "internal"),
        ([endpoint("admin", "admin"), endpoint("public", "public")], "", "", "public"),
        ([endpoint("here"), endpoint("there", region="two")], "", "two", "there"),
        ([endpoint("here"), endpoint("there", region="two")], "http://elsewhere:8774/v2.1/", "", "elsewhere"),
    ],
)
async def test_it_is_found(endpoints: list[dict[str, str]], url: str, region: str, host: str) -> None:
    fake = FakeNova(*endpoints)
    await nova(fake, url, region).tell([PLUGGED])
    assert (fake.asked, fake.heard) == ([host], [SAID])


@pytest.mark.parametrize(
    ("endpoints", "region", "advice"),
    [
        ([endpoint("here"), endpoint("there", region="two")], "", "--compute-region"),
        ([endpoint("here")], "two", "--compute-url"),
    ],
)
async def test_what_to_say_where_it_is_not_found(endpoints: list[dict[str, str]], region: str, advice: str) -> None:
    with pytest.raises(NovaAway, match=advice):
        await nova(FakeNova(*endpoints), region=region).tell([PLUGGED])


async def test_a_new_token_is_fetched_for_one_that_was_revoked() -> None:
    fake = FakeNova()
    told = nova(fake)
    await told.tell([PLUGGED])
    fake.revoke()
    await told.tell([PLUGGED])
    assert (fake.heard, fake.logins) == ([SAID, SAID], 2)


async def test_devices_that_are_no_servers_keep_nothing_from_others() -> None:
    fake = FakeNova()
    stranger = ComputeEvent(2, "by-hand", "network-changed", PORT, 0)
    await nova(fake).tell([stranger, PLUGGED])
    assert fake.heard == [SAID]
    await nova(fake).tell([stranger])
    assert fake.logins == 1


@pytest.mark.parametrize("status", [200, 207, 404])
async def test_servers_that_it_does_not_know_are_no_reason_to_tell_again(status: int) -> None:
    fake = FakeNova()
    fake.answers = [status]
    await nova(fake).tell([PLUGGED])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (400, NovaRefuses),
        (413, NovaRefuses),
        (403, NovaAway),
        (429, NovaAway),
        (500, NovaAway),
        (503, NovaAway),
        (httpx.ConnectError("refused"), NovaAway),
        (httpx.ReadTimeout("slow"), NovaAway),
    ],
)
async def test_whether_it_is_away_or_refuses(answer: int | Exception, error: type[Exception]) -> None:
    fake = FakeNova()
    fake.answers = [answer]
    with pytest.raises(error):
        await nova(fake).tell([PLUGGED])


async def test_a_keystone_that_is_not_understood_is_away() -> None:
    for broken in (httpx.Response(401), httpx.Response(201, json={}), httpx.Response(201, text="<html>")):
        client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: broken))  # noqa: B023
        with pytest.raises(NovaAway, match="Keystone"):
            await Nova(ComputeSettings(), KEYSTONE, client).tell([PLUGGED])
