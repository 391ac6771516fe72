"""Opening a store."""

from alcor.store import change_log
from alcor.store.store import Store, open_store


async def test_a_fresh_store_has_an_empty_log(store: Store) -> None:
    assert await store.read(change_log.head) == 0
    assert len(store.log_id) == 16


async def test_opening_again_finds_the_same_log(store: Store, database_url: str) -> None:
    again = await open_store(database_url)
    assert again.log_id == store.log_id
    await again.close()
