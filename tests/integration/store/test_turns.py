"""Writers of several processes take turns: none waits for another that waits for it."""

import asyncio
import logging

import pytest
from sqlalchemy import select

from alcor.store.store import Store, open_store
from alcor.store.tables import network
from alcor.store.transaction import Transaction
from tests.integration.store.rows import add_network


async def test_locks_taken_in_any_order_end_in_no_deadlock(
    store: Store, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [await store.write(lambda transaction, vni=vni: add_network(transaction, vni)) for vni in (1, 2)]

    def touch(transaction: Transaction, network_ids: list[str]) -> None:
        for network_id in network_ids:
            row = select(network).where(network.c.id == network_id).with_for_update()
            before = transaction.connection.execute(row).one().revision_number
            change = network.update().where(network.c.id == network_id).values(revision_number=before + 1)
            transaction.connection.execute(change)

    other = await open_store(database_url)

    async def write(writer: Store, network_ids: list[str]) -> None:
        for _ in range(50):
            await writer.write(lambda transaction: touch(transaction, network_ids))

    with caplog.at_level(logging.WARNING):
        await asyncio.gather(write(store, ids), write(other, ids[::-1]))
    await other.close()
    assert not caplog.messages  # nothing had to be tried again
    revisions = await store.read(
        lambda connection: connection.execute(select(network.c.revision_number)).scalars().all()
    )
    assert revisions == [100, 100]
