"""Keeping the change log short."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from alcor.store import change_log
from alcor.store.store import Store

log = logging.getLogger(__name__)


async def keep_trimmed(store: Store, interval: float, kept_entries: int) -> None:
    """Every so many seconds, for ever, remove what is older than the latest entries that are kept."""
    while True:
        await asyncio.sleep(interval)
        try:
            await store.write(lambda transaction: change_log.trim(transaction.connection, kept_entries))
        except SQLAlchemyError as error:
            log.error("the change log could not be trimmed and is tried again: %s", str(error).splitlines()[0])
