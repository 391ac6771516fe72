"""A process that writes networks as fast as it can and says which writes were acknowledged.

``python -m tests.integration.store.writer_process URL FIRST_VNI COUNT WORKERS`` prints each VNI on a line of its own
as soon as its write has been acknowledged.
"""

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from alcor.store.store import open_store
from tests.integration.store.rows import add_network

ROOT = Path(__file__).parents[3]


def start(url: str, first_vni: int, count: int, workers: int) -> subprocess.Popen[str]:
    """Start the process; its standard output is a pipe."""
    arguments = [url, str(first_vni), str(count), str(workers)]
    command = [sys.executable, "-m", "tests.integration.store.writer_process", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def _write(url: str, first_vni: int, count: int, workers: int) -> None:
    store = await open_store(url)
    vnis = iter(range(first_vni, first_vni + count))

    async def work() -> None:
        for vni in vnis:
            await store.write(partial(add_network, vni=vni))
            os.write(1, b"%d\n" % vni)

    await asyncio.gather(*(work() for _ in range(workers)))
    await store.close()


if __name__ == "__main__":
    asyncio.run(_write(sys.argv[1], *map(int, sys.argv[2:])))
