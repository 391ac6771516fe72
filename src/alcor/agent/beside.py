"""Work that goes on beside other work: when it fails, so does that, and nobody relies on what is no longer done."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any


@contextlib.asynccontextmanager
async def beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have it done for as long as the block lasts, or until it is done.

    When one fails, the block is cancelled. What was raised, there or in the block, is raised as an ExceptionGroup.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        yield
        for task in tasks:
            task.cancel()
