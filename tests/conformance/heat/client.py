"""Heat's API as the suite uses it, for one account."""

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx

from tests.keystone.keystone import Account, Keystone

Values = dict[str, Any]
_PATIENCE_SECONDS = 120
_POLL_SECONDS = 0.2
_VERSION = "2021-04-16"


class StackFailed(AssertionError):
    """What was asked of a stack did not come to be; the message says what Heat says of it."""


class Resource:
    """A resource of a stack: its type, what the network service calls it, and all that it shows of it."""

    def __init__(self, shown: Values) -> None:
        self.type: str = shown["resource_type"]
        self.id: str = shown["physical_resource_id"]
        self.status: str = shown["resource_status"]
        self.live: Values = shown.get("attributes") or {}


class Stacks:
    """The stacks of an account's project. Templates have all parameters, whether they name them or not."""

    def __init__(self, url: str, keystone: Keystone, account: Account, parameters: Mapping[str, str]) -> None:
        base = f"{url}/v1/{keystone.project_id(account.project)}"
        self._http = httpx.Client(base_url=base, timeout=_PATIENCE_SECONDS, follow_redirects=True)
        self._http.headers["X-Auth-Token"] = keystone.token(account)
        self._parameters = dict(parameters)

    def create(self, name: str, resources: Values, **more: Any) -> None:
        """Make a stack and wait for it. Raises StackFailed."""
        self.begin_create(name, resources, **more)
        self.wait(name, "CREATE_COMPLETE")

    def begin_create(self, name: str, resources: Values, **more: Any) -> None:
        """The same without waiting."""
        self._ask("POST", "/stacks", json={"stack_name": name, **self._template(resources), **more})

    def update(self, name: str, resources: Values, **more: Any) -> None:
        """Have it be what the template says, and wait."""
        self.begin_update(name, resources, **more)
        self.wait(name, "UPDATE_COMPLETE")

    def begin_update(self, name: str, resources: Values, **more: Any) -> None:
        """The same without waiting."""
        self._ask("PUT", self._path(name), json={**self._template(resources), **more})

    def check(self, name: str) -> None:
        """Have Heat look whether everything is there, and wait."""
        self.begin_check(name)
        self.wait(name, "CHECK_COMPLETE")

    def begin_check(self, name: str) -> None:
        """The same without waiting."""
        self._ask("POST", f"{self._path(name)}/actions", json={"check": None})

    def mark_unhealthy(self, name: str, resource: str) -> None:
        """Say that a resource is not well, so that the next update makes another."""
        self._ask("PATCH", f"{self._path(name)}/resources/{resource}", json={"mark_unhealthy": True})

    def delete(self, name: str) -> None:
        """Delete it and wait until it is gone."""
        path = self._path(name)
        self._ask("DELETE", path)
        self._until(name, "it is gone", lambda: self._is_gone(path))

    def abandon(self, name: str) -> Values:
        """Forget a stack, and leave what it made. Returns what another can adopt."""
        path = self._path(name)
        left: Values = self._ask("DELETE", f"{path}/abandon").json()
        self._until(name, "it is gone", lambda: self._is_gone(path))
        return left

    def adopt(self, name: str, left: Values) -> None:
        """Take what a stack left as one of this name, and wait."""
        self._ask("POST", "/stacks", json={"stack_name": name, "adopt_stack_data": json.dumps(left)})
        self.wait(name, "ADOPT_COMPLETE")

    def resources(self, name: str) -> dict[str, Resource]:
        """Its resources by their names in the template."""
        path = self._path(name)
        names = [each["resource_name"] for each in self._ask("GET", f"{path}/resources").json()["resources"]]
        return {each: Resource(self._ask("GET", f"{path}/resources/{each}").json()["resource"]) for each in names}

    def types(self) -> dict[str, dict[str, Values]]:
        """The types of resources of the network service that the account can use, and their properties."""
        listed = self._ask("GET", "/resource_types").json()["resource_types"]
        names = [each for each in listed if each.startswith("OS::Neutron::")]
        return {each: self._ask("GET", f"/resource_types/{each}").json()["properties"] for each in names}

    def wait(self, name: str, wanted: str) -> None:
        """Wait until a stack has a status. Raises StackFailed when it has come to another."""
        stack: Values = {}

        def settled() -> bool:
            stack.update(self._ask("GET", self._path(name)).json()["stack"])
            return not stack["stack_status"].endswith("_IN_PROGRESS")

        self._until(name, wanted, settled)
        if stack["stack_status"] != wanted:
            raise StackFailed(f"{stack['stack_status']}, not {wanted}: {stack['stack_status_reason']}")

    def _is_gone(self, path: str) -> bool:
        answer = self._http.get(path)
        if answer.status_code == 404:
            return True
        stack = answer.json()["stack"]
        if stack["stack_status"] == "DELETE_FAILED":
            raise StackFailed(f"DELETE_FAILED: {stack['stack_status_reason']}")
        return bool(stack["stack_status"] == "DELETE_COMPLETE")

    def _until(self, name: str, what: str, condition: Any) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise StackFailed(f"{name}: not {what} within {_PATIENCE_SECONDS} s")
            time.sleep(_POLL_SECONDS)

    def _path(self, name: str) -> str:
        stack = self._ask("GET", f"/stacks/{name}").json()["stack"]
        return f"/stacks/{stack['stack_name']}/{stack['id']}"

    def _template(self, resources: Values) -> Values:
        declared = {name: {"type": "string"} for name in self._parameters}
        template = {"heat_template_version": _VERSION, "parameters": declared, "resources": resources}
        return {"template": template, "parameters": self._parameters}

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._http.request(method, path, **more)
        if answer.is_error:
            raise StackFailed(f"{method} {path}: {answer.status_code} {answer.text[:1000]}")
        return answer
