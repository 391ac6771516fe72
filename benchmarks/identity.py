"""Who the callers of a benchmark are: anybody, or users of a real Keystone."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tests.keystone.keystone import DOMAIN, run_keystone

AUTHS = ("none", "keystone")


class Service(msgspec.Struct, frozen=True):
    """An account that may validate tokens, and where: Keystone's URL ends in /v3."""

    url: str
    user: str
    password: str
    project: str
    domain: str


class Callers(msgspec.Struct, frozen=True):
    """The tokens that requests carry, none where nobody asks, and what those who ask need to know."""

    member: str = ""  # of a user who has the role member in a project
    admin: str = ""
    service: Service | None = None

    @property
    def options(self) -> Sequence[str]:
        """Those of a controller."""
        if self.service is None:
            return ()
        return ("--auth", "keystone", "--keystone-url", self.service.url, "--keystone-user", self.service.user)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a controller reads from it."""
        return {} if self.service is None else {"ALCOR_KEYSTONE_PASSWORD": self.service.password}


ANYBODY = Callers()


@contextlib.contextmanager
def run_callers(auth: str) -> Iterator[Callers]:
    """Callers of a kind, and the Keystone they need. Raises RuntimeError where that is not installed."""
    if auth == "none":
        yield ANYBODY
        return
    with run_keystone() as keystone:
        account = keystone.add_account("alcor", "service", "admin")
        member = keystone.token(keystone.add_account("member", "benchmark", "member"))
        service = Service(keystone.url, account.user, account.password, account.project, DOMAIN)
        yield Callers(member, keystone.token(keystone.admin), service)
