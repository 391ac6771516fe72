"""An event loop in a network namespace."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from alcor.testbed.network_namespace import NetworkNamespace

T = TypeVar("T")


class LoopInside:
    """An event loop in a thread inside a namespace."""

    def __init__(self, namespace: NetworkNamespace) -> None:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        def live() -> None:
            namespace.enter()
            asyncio.set_event_loop(self._loop)
            ready.set()
            self._loop.run_forever()
            self._loop.close()

        self._thread = threading.Thread(target=live, daemon=True)
        self._thread.start()
        assert ready.wait(10), f"no thread in {namespace.name}"

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, wait for it here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
