"""Horizon in one process: run by the Python that Horizon is installed for, in a directory with its ``local_settings``.

Its files that do not change are served by the same server, as Django's own for developers does.
"""

import os
import socketserver
import sys
import threading
from typing import Any
from wsgiref import simple_server

_busy = threading.Lock()


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128


def main(port: int, directory: str) -> None:
    """Serve until a signal comes."""
    sys.path.insert(0, directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "openstack_dashboard.settings"
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application

    application = StaticFilesHandler(_one_at_a_time(get_wsgi_application()))
    # Its log tells of each request: the suite looks there for what was asked.
    with simple_server.make_server("127.0.0.1", port, application, _Server) as server:
        server.serve_forever()


def _one_at_a_time(application: Any) -> Any:
    """Answer one request after the other: what Horizon's tables offer is mixed up between threads of one process."""

    def answer(environment: Any, start_response: Any) -> Any:
        with _busy:
            return application(environment, start_response)

    return answer


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
