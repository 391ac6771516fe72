"""The network service, as Nova's functional tests are given it here: a real one, where they usually have a fixture.

All that stays theirs is Nova, with its API, conductor, scheduler, computes and Placement in one process. Run by the
Python that Nova is installed for; the environment says where Keystone and the network service are.
"""

import io
import json
import os
import sys
from typing import Any

import eventlet
import fixtures
from eventlet import wsgi
from keystoneauth1 import session
from keystoneauth1.identity import v3
from keystoneauth1.loading import register_auth_conf_options
from keystoneauth1.service_token import ServiceTokenAuthWrapper
from neutronclient.v2_0 import client
from nova import conf

_ADMIN_HEADERS = {
    "HTTP_X_AUTH_USER": "admin",
    "HTTP_X_ROLES": "reader,member,admin",
}


def account(name: str) -> v3.Password:
    """Whom the environment tells of: the service's own account, or the user's."""
    said = json.loads(os.environ["ALCOR_NOVA_ACCOUNTS"])[name]
    return v3.Password(auth_url=os.environ["ALCOR_NOVA_KEYSTONE"], **said)


def neutron(name: str) -> client.Client:
    """The network service, as somebody sees it."""
    return client.Client(session=session.Session(auth=account(name)), service_type="network")


class RealNetwork(fixtures.Fixture):
    """Nova speaks to the network service of the environment, for its users as one who has a password there."""

    def __init__(self, _test: Any) -> None:
        super().__init__()

    def _setUp(self) -> None:  # noqa: N802
        register_auth_conf_options(conf.CONF, "neutron")
        # Where its package has it; its tests are usually run where its source is.
        conf.CONF.set_override("api_paste_config", f"{sys.prefix}/etc/nova/api-paste.ini", "wsgi")
        service = account("service")
        # As with send_service_user_token: members may not delete the ports of servers, nor bind them, by themselves.
        for_user = ServiceTokenAuthWrapper(user_auth=account("user"), service_auth=service)

        def plugin(context: Any, admin: bool = False) -> Any:
            return service if admin or context.is_admin else for_user

        self.useFixture(fixtures.MonkeyPatch("nova.network.neutron._get_auth_plugin", plugin))


class Listening(fixtures.Fixture):
    """Nova's API on a real port, for those who tell it of events; ``heard`` is what it was told."""

    def __init__(self, application: Any, project_id: str) -> None:
        super().__init__()
        self.heard: list[dict[str, str]] = []
        self._application, self._project_id = application, project_id

    def _setUp(self) -> None:  # noqa: N802
        place = eventlet.listen(("127.0.0.1", int(os.environ["ALCOR_NOVA_PORT"])))
        serving = eventlet.spawn(wsgi.server, place, self._answer, log_output=False)
        self.addCleanup(place.close)
        self.addCleanup(serving.kill)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        self.heard += json.loads(body)["events"]
        environ |= _ADMIN_HEADERS | {"HTTP_X_AUTH_PROJECT_ID": self._project_id, "wsgi.input": io.BytesIO(body)}
        return self._application(environ, start_response)
