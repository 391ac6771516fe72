"""Neutron and this controller side by side, with the same Keystone, and what each answers to the same request."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.identity import Callers, Service
from benchmarks.neutron_server import run_neutron
from tests.conformance.neutron.cloud import run_controller
from tests.databases import run_database
from tests.keystone.keystone import DOMAIN, run_keystone

CALLERS = ("admin", "member")
NEUTRON, ALCOR = "neutron", "alcor"
_PLUGINS = """
[DEFAULT]
service_plugins = router,qos,trunk,segments,port_forwarding,metering,auto_allocate,network_ip_availability,network_segment_range,flavors,tag,revisions,timestamp,local_ip,ndp_proxy
dns_domain = openstacklocal.

[ml2]
type_drivers = vxlan,vlan,flat,local,geneve,gre
extension_drivers = port_security,qos,dns,subnet_dns_publish_fixed_ip,data_plane_status,uplink_status_propagation,port_device_profile,port_numa_affinity_policy
path_mtu = 1500

[ml2_type_flat]
flat_networks = *

[ml2_type_vlan]
network_vlan_ranges = fabric:1:4094

[ml2_type_geneve]
vni_ranges = 1:10000

[ml2_type_gre]
tunnel_id_ranges = 1:10000
"""  # noqa: E501
_NAME = re.compile(r"\{(\w+)\}")
# What two clouds that do the same have otherwise: ids, times, what is taken from pools.
_OWN = (
    (re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<time>"),
    (re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b"), "<mac>"),
    (re.compile(r"\b(?:10\.0\.0|172\.16\.0)\.\d+\b(?!/)"), "<ip>"),
    (re.compile(r"\bhost-[\d-]+"), "<host>"),
)
_LEFT_OUT = ("revision_number", "standard_attr_id", "provider:segmentation_id", "segmentation_id", "used", "available")


class Request(msgspec.Struct, frozen=True):
    """What is asked; names in braces stand for the ids that a side gave what was made under them before."""

    caller: str
    method: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        body = "" if self.body is None else msgspec.json.encode(self.body).decode()
        return f"{self.caller} {self.method} {self.path} {body}".strip()


class Answer(msgspec.Struct, frozen=True):
    """A status, and a body in which the side's own ids, times, addresses are named alike."""

    status: int
    body: Any

    @property
    def kind(self) -> str:
        """The type of an error."""
        error = self.body.get("NeutronError", {}) if isinstance(self.body, dict) else {}
        return str(error.get("type", "")) if isinstance(error, dict) else ""


class Side:
    """One of the two, as a client sees it."""

    def __init__(self, url: str, tokens: dict[str, str]) -> None:
        self._client = httpx.Client(base_url=f"{url}/v2.0", timeout=60)
        self._tokens = tokens
        self._ids: dict[str, str] = {}

    def forget(self, path: str, name: str) -> None:
        """Delete what has the name, if anything does."""
        if name in self._ids:
            self.ask(Request("admin", "DELETE", path))
            del self._ids[name]

    def shown(self, path: str, resource: str) -> Mapping[str, Any]:
        """What an administrator sees of it, as it can be said again."""
        answer = self._client.get(self._filled(path), headers={"X-Auth-Token": self._tokens["admin"]})
        its: Mapping[str, Any] = answer.json().get(resource, {})
        return its

    def remember(self, name: str, value: str) -> None:
        """Have a name stand for something that is this side's own."""
        self._ids[name] = value

    def ask(self, request: Request, name: str = "") -> Answer:
        """What it answers; what was made is called by the name from then on, if one is given."""
        body = None if request.body is None else msgspec.json.encode(self._filled(request.body))
        headers = {"X-Auth-Token": self._tokens[request.caller], "Content-Type": "application/json"}
        answer = self._client.request(request.method, self._filled(request.path), content=body, headers=headers)
        said: Any = answer.json() if answer.content else None
        if name and answer.is_success:
            (made,) = said.values()
            self._ids[name] = made["id"]
        return Answer(answer.status_code, self._alike(said))

    def _filled(self, value: Any) -> Any:
        match value:
            case str():
                return _NAME.sub(lambda found: self._ids.get(found[1], found[0]), value)
            case list():
                return [self._filled(each) for each in value]
            case dict():
                return {name: self._filled(each) for name, each in value.items()}
        return value

    def _alike(self, value: Any) -> Any:
        match value:
            case str():
                for pattern, name in _OWN:
                    value = pattern.sub(name, value)
                return value
            case list():
                return [self._alike(each) for each in value]
            case dict():
                return {name: self._alike(each) for name, each in value.items() if name not in _LEFT_OUT}
        return value


@contextlib.contextmanager
def run_sides(output: Path, database: str) -> Iterator[dict[str, Side]]:
    """Neutron, and a controller on a database of some kind. Raises RuntimeError if one of them does not start."""
    with run_keystone() as keystone, run_database(database) as database_url:
        member = keystone.add_account("demo", "demo", "member")
        tokens = {"admin": keystone.token(keystone.admin), "member": keystone.token(member)}
        account = keystone.add_account("neutron", "service", "admin")
        service = Service(keystone.url, account.user, account.password, account.project, DOMAIN)
        callers = Callers(tokens["member"], tokens["admin"], service)
        with run_neutron(callers, _PLUGINS) as port, run_controller(keystone, output, database_url) as (url, _):
            yield {NEUTRON: Side(f"http://127.0.0.1:{port}", tokens), ALCOR: Side(url, tokens)}
