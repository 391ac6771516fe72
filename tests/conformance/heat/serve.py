"""Heat, its API and its engine in one process: run by the Python that Heat is installed for, with its configuration.

They speak to each other by the transport of oslo.messaging that stays within a process, so no broker is needed. All
else is as in production: the API asks Keystone for whom it works, and the engine does so with trusts and converges.
"""

import os
import socketserver
import subprocess
import sys
from pathlib import Path
from wsgiref import simple_server

from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)

from heat.api.openstack.wsgi import init_application  # noqa: E402
from heat.common import config  # noqa: E402
from heat.engine.service import EngineService  # noqa: E402
from heat.rpc.api import ENGINE_TOPIC  # noqa: E402
from oslo_config import cfg  # noqa: E402


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the API has its own log."""


def main(port: int, configuration: str) -> None:
    """Make the tables, start the engine, and serve the API until a signal comes."""
    sys.argv[1:] = ["--config-file", configuration]
    heat_manage = Path(sys.executable).with_name("heat-manage")
    subprocess.run([heat_manage, *sys.argv[1:], "db_sync"], check=True)
    application = init_application()
    config.startup_sanity_check()
    EngineService(cfg.CONF.host, ENGINE_TOPIC).start()
    with simple_server.make_server("127.0.0.1", port, application, _Server, _Handler) as server:
        server.serve_forever()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
