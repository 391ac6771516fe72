"""A controller process whose API says only whether it is ready: ``bare_controller.py DIRECTORY DATABASE``.

Listens at DIRECTORY/api and DIRECTORY/agents.
"""

import sys
from pathlib import Path
from typing import Any

import uvloop

from alcor.controller import logs
from alcor.controller.controller import Readiness, run_controller
from alcor.controller.settings import ControllerError, ControllerSettings
from alcor.store.store import Store


def create_application(_settings: ControllerSettings, _store: Store, readiness: Readiness, _southbound: object) -> Any:
    async def application(scope: Any, _receive: Any, send: Any) -> None:
        reason = readiness()
        await send({"type": "http.response.start", "status": 503 if reason else 200, "headers": []})
        await send({"type": "http.response.body", "body": (reason or "ready").encode()})

    return application


if __name__ == "__main__":
    # DIRECTORY DATABASE [LISTEN]
    directory, database = Path(sys.argv[1]), sys.argv[2]
    logs.configure("info")
    settings = ControllerSettings(
        data_directory=directory,
        listen=sys.argv[3] if len(sys.argv) > 3 else f"unix:{directory}/api",
        southbound=f"unix:{directory}/agents",
        database=database,
        host_grace=1.0,
    )
    try:
        uvloop.run(run_controller(settings, create_application))
    except ControllerError as error:
        sys.exit(f"Error: {error}")
