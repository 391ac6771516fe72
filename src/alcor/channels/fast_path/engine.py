"""gRPC's engine for asyncio, kept for as long as the process lives."""

from functools import cache

import grpc


@cache
def keep_engine() -> None:
    """To be called before anything of gRPC is made.

    gRPC ends its engine with the last object that uses it, and waits for the engine's thread there. Python may collect
    that object in any thread, in the middle of anything; with a call still under way, that thread waits for ever.
    """
    grpc.aio.init_grpc_aio()  # type: ignore[attr-defined]
