"""Where stacks are made: a cloud, Heat, and two projects for each stack."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from tests.conformance.heat.client import Stacks
from tests.conformance.leftovers import leftovers
from tests.conformance.neutron.cloud import Cloud


class Site(msgspec.Struct, frozen=True):
    """A cloud and where its Heat is reached."""

    cloud: Cloud
    heat: str

    def stacks(self, name: str, role: str) -> Stacks:
        """Those of a new project, with a user who has a role there."""
        keystone = self.cloud.keystone
        account = keystone.add_account(name, name, role)
        parameters = {
            "project": keystone.project_id(name),
            "other_project": keystone.project_id(_other(name)),
            "public": self.cloud.public_network_id,
            "public_subnet": self._public_subnet(),
        }
        return Stacks(self.heat, keystone, account, parameters)

    def left(self, name: str) -> list[str]:
        """What the project of this name, and its other, still have."""
        keystone = self.cloud.keystone
        return leftovers(self.show, {keystone.project_id(each) for each in (name, _other(name))})

    def show(self, path: str) -> Any:
        """What the network service shows an administrator of this resource or collection."""
        (shown,) = self._ask("GET", path).json().values()
        return shown

    def delete(self, path: str) -> None:
        """Delete a resource behind Heat's back."""
        self._ask("DELETE", path)

    def _public_subnet(self) -> str:
        found = self.show(f"/subnets?ip_version=4&network_id={self.cloud.public_network_id}")
        return str(found[0]["id"])

    def _ask(self, method: str, path: str) -> httpx.Response:
        headers = {"X-Auth-Token": self.cloud.keystone.token(self.cloud.keystone.admin)}
        answer = httpx.request(method, f"{self.cloud.url}/v2.0{path}", headers=headers, timeout=60)
        return answer.raise_for_status()


Test = Callable[[Site, str], None]
"""What is done in a project of this name, where nothing must be left of it. It raises StackFailed."""


def _other(name: str) -> str:
    return f"{name}-other"
