"""Where the suite works: a cloud, its Horizon, and a browser."""

from typing import Any, Protocol

import httpx
import msgspec

from tests.conformance.horizon.browser import Browser
from tests.conformance.horizon.dashboard import Dashboard, Failed
from tests.conformance.neutron.cloud import Cloud

Shown = dict[str, Any]


class Site(msgspec.Struct, frozen=True):
    """What the controller shows an administrator tells whether Horizon did as it was asked."""

    cloud: Cloud
    horizon: str
    browser: Browser
    servers: list[Shown]  # what the compute service has
    done: set[str]  # what was done in tables, by dashboard, table and action

    def visit(self, project: str, role: str) -> Dashboard:
        """Horizon for a new user with a role in a new project."""
        keystone = self.cloud.keystone
        account = keystone.add_account(project, project, role)
        self.browser.forget()
        dashboard = Dashboard(self.browser, self.horizon, keystone.project_id(project), self.done)
        dashboard.log_in(account)
        return dashboard

    def all(self, collection: str, **filters: str) -> list[Shown]:
        """The resources of a collection that these filters choose."""
        answer = self._ask("GET", f"/{collection}", params=filters)
        (shown,) = answer.raise_for_status().json().values()
        return list(shown)

    def one(self, collection: str, **filters: str) -> Shown:
        """The only one. Raises Failed when there is none, or another."""
        found = self.all(collection, **filters)
        if len(found) != 1:
            raise Failed(f"{len(found)} of {collection} with {filters}")
        return found[0]

    def show(self, path: str) -> Shown:
        """A resource."""
        answer = self._ask("GET", path)
        if answer.is_error:
            raise Failed(f"{path}: {answer.status_code}")
        (shown,) = answer.json().values()
        return dict(shown)

    def create(self, resource: str, **values: Any) -> Shown:
        """What a scenario needs and another is about."""
        answer = self._ask("POST", f"/{resource.replace('_', '-')}s", json={resource: values})
        (created,) = answer.raise_for_status().json().values()
        return dict(created)

    def update(self, path: str, **body: Any) -> None:
        """Change a resource."""
        self._ask("PUT", path, json=body).raise_for_status()

    def create_policy(self, project_id: str, name: str) -> Shown:
        """A QoS policy without rules."""
        values = {"policy": {"project_id": project_id, "name": name}}
        answer = self._ask("POST", "/qos/policies", json=values)
        return dict(answer.raise_for_status().json()["policy"])

    def network(self, project_id: str, name: str, cidr: str) -> tuple[Shown, Shown]:
        """A network of a project, and its subnet: they have the same name."""
        network = self.create("network", project_id=project_id, name=name)
        values = {"network_id": network["id"], "name": name, "cidr": cidr, "ip_version": 6 if ":" in cidr else 4}
        return network, self.create("subnet", project_id=project_id, **values)

    def add_interface(self, router_id: str, subnet_id: str) -> None:
        """Have a router in a subnet."""
        self.update(f"/routers/{router_id}/add_router_interface", subnet_id=subnet_id)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"X-Auth-Token": self.cloud.keystone.token(self.cloud.keystone.admin)}
        return httpx.request(method, f"{self.cloud.url}/v2.0{path}", headers=headers, timeout=60, **more)


class Scenario(Protocol):
    """What somebody does in front of Horizon. It raises Failed."""

    __module__: str
    __name__: str

    def __call__(self, site: Site, dashboard: Dashboard, /) -> None: ...


def expect(shown: Shown, **values: Any) -> None:
    """A resource has these values. Raises Failed."""
    others = {name: shown.get(name) for name, value in values.items() if shown.get(name) != value}
    if others:
        wanted = {name: values[name] for name in others}
        raise Failed(f"{others}, not {wanted}")


def gone(site: Site, collection: str, **filters: str) -> None:
    """There is none of these. Raises Failed."""
    if left := site.all(collection, **filters):
        raise Failed(f"{len(left)} of {collection} with {filters} are left")
