"""gRPC's engine does not end with the last object that uses it: whoever collects that would have to wait for it."""

import subprocess
import sys

PROGRAM = """
import asyncio, gc, threading
from alcor.channels.fast_path.ncm_client import NcmClient
from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.messages import Welcome
from alcor.channels.ncm_messages import NcmHello

async def serve_and_ask():
    server = FastPathServer("unix:@alcor-test-engine", Welcome(bytes(16)), None)
    await server.start()
    connections = NcmClient(["unix:@nobody"], lambda: NcmHello("h", bytes(16))).connections()
    asking = asyncio.create_task(anext(connections))
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await server.stop(0)

asyncio.run(serve_and_ask())
gc.collect()
print(sorted({thread.name.split("(")[-1].rstrip(")") for thread in threading.enumerate()}))
"""


def test_the_engine_stays_when_nothing_uses_it_any_more() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert "_poll_wrapper" in ran.stdout
