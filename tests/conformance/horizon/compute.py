"""What Horizon's pages ask of a compute service before they show networks: who uses how much, and servers."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from tests.conformance.neutron.compute import run_answers

_LINK = {"rel": "self", "href": "/"}
_VERSION = {"id": "v2.1", "status": "CURRENT", "version": "2.90", "min_version": "2.1", "links": [_LINK]}
_LIMITS = {
    "maxTotalInstances": 10,
    "totalInstancesUsed": 0,
    "maxTotalCores": 20,
    "totalCoresUsed": 0,
    "maxTotalRAMSize": 51200,
    "totalRAMUsed": 0,
    "maxServerMeta": 128,
    "maxPersonality": 5,
    "maxPersonalitySize": 10240,
    "maxTotalKeypairs": 100,
    "maxServerGroups": 10,
    "totalServerGroupsUsed": 0,
    "maxServerGroupMembers": 10,
}
_QUOTAS = {
    "instances": 10,
    "cores": 20,
    "ram": 51200,
    "metadata_items": 128,
    "key_pairs": 100,
    "server_groups": 10,
    "server_group_members": 10,
    "injected_files": 5,
    "injected_file_content_bytes": 10240,
    "injected_file_path_bytes": 255,
}


def server(server_id: str, name: str, project_id: str) -> dict[str, Any]:
    """One, as Nova shows it, as far as Horizon looks."""
    return {
        "id": server_id,
        "name": name,
        "tenant_id": project_id,
        "status": "ACTIVE",
        "addresses": {},
        "image": "",
        "flavor": {"id": "1"},
        "links": [],
        "metadata": {},
        "created": "2026-01-01T00:00:00Z",
        "OS-EXT-STS:power_state": 1,
        "OS-EXT-STS:task_state": None,
    }


@contextlib.contextmanager
def run_compute(servers: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A service whose users may have more, and that has these servers, also those that are added later."""

    def answer(path: str) -> Any:
        first = path.split("/")[1]
        if path in ("/servers", "/servers/detail"):
            return {"servers": [*servers]}
        if first == "servers":
            found = [each for each in servers if path == f"/servers/{each['id']}"]
            return {"server": found[0]} if found else None
        return _ANSWERS.get(first)

    with run_answers(answer) as url:
        yield url


_ANSWERS: dict[str, Any] = {
    "": {"version": _VERSION, "versions": [_VERSION]},
    "limits": {"limits": {"absolute": _LIMITS, "rate": []}},
    "os-simple-tenant-usage": {"tenant_usage": {}, "tenant_usages": []},
    "os-services": {"services": []},
    "os-quota-sets": {"quota_set": _QUOTAS},
}
