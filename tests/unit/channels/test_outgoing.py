"""A controller hands the message queue only so much that is not there yet."""

import asyncio

from alcor.channels.message_queue.envelopes import Place
from alcor.channels.message_queue.outgoing import Outgoing
from tests.unit.channels.memory_queue import MemoryQueue

PLACE = Place("group-1", "host-1")
MOST = 1000


async def settled() -> None:
    """Let everything happen that is due."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_there_is_room_again_when_the_broker_has_what_it_was_handed() -> None:
    queue = MemoryQueue()
    outgoing = Outgoing(queue, MOST)
    queue.hold()
    outgoing.send(PLACE, bytes(MOST))
    await outgoing.room()
    outgoing.send(PLACE, b"more")
    waiting = asyncio.ensure_future(outgoing.room())
    await settled()
    assert not waiting.done()
    queue.release()
    await waiting
    await outgoing.all_there()


async def test_what_is_given_up_takes_no_room() -> None:
    queue = MemoryQueue()
    outgoing = Outgoing(queue, MOST)
    queue.hold()
    outgoing.send(PLACE, bytes(2 * MOST))
    waiting = asyncio.ensure_future(outgoing.room())
    await settled()
    assert not waiting.done()
    await outgoing.close()
    await waiting
