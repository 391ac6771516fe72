"""Requests are carried out by so many clients and no more, and failures end it."""

import asyncio

import pytest

from alcor.scale.load import drive


async def test_each_item_is_asked_for_once_by_at_most_so_many_clients() -> None:
    seen: list[int] = []
    under_way = most = 0

    async def request(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        seen.append(item)
        under_way -= 1

    load = await drive(range(50), request, clients=4)
    assert sorted(seen) == list(range(50))
    assert most == 4
    assert len(load.latencies) == 50
    assert load.rate > 0


async def test_at_a_rate_requests_wait_for_their_time() -> None:
    async def request(_item: int) -> None:
        pass

    load = await drive(range(11), request, clients=2, rate=100.0)
    assert load.seconds >= 0.1


async def test_waiting_for_a_client_counts_as_latency_at_a_rate() -> None:
    async def request(_item: int) -> None:
        await asyncio.sleep(0.02)

    load = await drive(range(10), request, clients=1, rate=10_000.0)
    assert max(load.latencies) >= 9 * 0.02


async def test_what_a_request_raises_ends_it_all() -> None:
    async def request(item: int) -> None:
        if item == 3:
            raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        await drive(range(1000), request, clients=3)
