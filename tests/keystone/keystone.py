"""A real Keystone for tests: started from nothing on loopback, with projects and users, and gone with the tests.

``make install-keystone`` installs it. Starting it takes about seven seconds, so tests share one.
"""

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.processes import guarded, wait_until_up

ROOT = Path(__file__).parents[2]
REGION = "RegionOne"
DOMAIN = "Default"
_PYTHON = ROOT / ".venv-keystone" / "bin" / "python"
_INTERFACES = ("public", "internal", "admin")


class Account(msgspec.Struct, frozen=True):
    """A user, in the domain ``Default``, and the project it has a role in."""

    user: str
    project: str
    role: str
    password: str


class Keystone:
    """A running Keystone, its accounts, and what tests do with it."""

    def __init__(self, url: str, admin: Account) -> None:
        self.url = url  # with /v3
        self.admin = admin
        self.client = httpx.Client(base_url=url, timeout=60)
        self.client.headers["X-Auth-Token"] = self.token(admin)

    def token(self, account: Account, scope: dict[str, Any] | None = None) -> str:
        """A token of an account, for its project or another scope: ``{"system": {"all": True}}`` for the system."""
        user = {"name": account.user, "domain": {"name": DOMAIN}, "password": account.password}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = scope or {"project": {"name": account.project, "domain": {"name": DOMAIN}}}
        answer = self.client.post("/auth/tokens", json={"auth": {"identity": identity, "scope": scope}})
        return str(answer.raise_for_status().headers["X-Subject-Token"])

    def password_options(self, account: Account) -> str:
        """How a service of OpenStack is told, in a section of its configuration, which account it has here."""
        options = {
            "auth_type": "password",
            "auth_url": self.url,
            "username": account.user,
            "password": account.password,
            "project_name": account.project,
            "user_domain_name": DOMAIN,
            "project_domain_name": DOMAIN,
        }
        return "\n".join(f"{name} = {value}" for name, value in options.items())

    def project_id(self, name: str) -> str:
        """The id of a project. It is made when there is none of that name."""
        found = self._find("projects", name)
        return found or self.create("projects", {"name": name})["id"]

    def add_account(self, user: str, project: str, role: str) -> Account:
        """A new user with a role in a project, which is made when there is none of that name."""
        account = Account(user, project, role, password=secrets.token_hex(8))
        self.create("users", {"name": user, "password": account.password})
        self.grant(account, role)
        return account

    def grant(self, account: Account, role: str) -> None:
        """Give a user a role, or another one, in its project."""
        user_id, role_id = self._find("users", account.user), self._find("roles", role)
        path = f"/projects/{self.project_id(account.project)}/users/{user_id}/roles/{role_id}"
        self.client.put(path).raise_for_status()

    def grant_in_domain(self, domain_id: str, user_id: str, role: str) -> None:
        """Give a user a role in a whole domain."""
        path = f"/domains/{domain_id}/users/{user_id}/roles/{self._find('roles', role)}"
        self.client.put(path).raise_for_status()

    def register(self, service_type: str, name: str, url: str, region: str = REGION) -> None:
        """Tell in the catalog where a service is reached."""
        service = self.create("services", {"name": name, "type": service_type})
        for interface in _INTERFACES:
            endpoint = {"service_id": service["id"], "region_id": region, "interface": interface, "url": url}
            self.create("endpoints", endpoint)

    def create(self, collection: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a resource of Keystone, as its administrator: ``users``, ``projects``, ..."""
        name = collection.removesuffix("s")
        answer = self.client.post(f"/{collection}", json={name: body})
        created: dict[str, Any] = answer.raise_for_status().json()[name]
        return created

    def _find(self, collection: str, name: str) -> str | None:
        found = self.client.get(f"/{collection}", params={"name": name}).raise_for_status().json()[collection]
        return str(found[0]["id"]) if found else None


@contextlib.contextmanager
def run_keystone() -> Iterator[Keystone]:
    """A Keystone whose administrator is the user ``admin`` in the project ``admin``, with the standard roles.

    It ends with whoever started it. Raises RuntimeError when it is not installed or does not start.
    """
    if not _PYTHON.exists():
        raise RuntimeError("Keystone is not installed: make install-keystone")
    directory = Path(tempfile.mkdtemp(prefix="alcor-keystone-", dir="/tmp"))
    admin = Account("admin", "admin", "admin", password=secrets.token_hex(8))
    # -I: its imports are its own, and this module is not its package "keystone".
    command = [str(_PYTHON), "-I", str(Path(__file__).with_name("serve.py")), admin.password]
    with guarded(command, directory) as log:
        wait_until_up("Keystone", (directory / "url").exists, log)
        keystone = Keystone((directory / "url").read_text(), admin)
        try:
            yield keystone
        finally:
            keystone.client.close()
