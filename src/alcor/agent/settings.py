"""The configuration file of a control agent (TOML)."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from alcor.agent.dns.settings import DnsSettings
from alcor.agent.metadata.settings import MetadataSettings
from alcor.agent.trust.settings import TrustSettings
from alcor.channels.message_queue.address import parse_queue
from alcor.dataplane.host_services import ClientAddresses

SAMPLE = """\
host_id = "host-1"                     # the node's id in the API; ports are bound to it as binding:host_id
controllers = ["192.0.2.10:9697"]      # HOST:PORT or unix:PATH of one or more controllers
message_queue = ""                     # pulsar://HOST:PORT/TENANT/NAMESPACE, the one of its cell; empty for none
channel = "auto"                       # "fast", "queue", or "auto": the queue while no controller is reached otherwise
vtep_ip = "192.0.2.21"                 # this host's tunnel end point in the underlay
data_directory = "/var/lib/alcor"      # the goal state is kept here, and the agent's socket
driver = "ovs"                         # "ovs" for Open vSwitch, "memory" for a simulated data plane
flood_copies = 64                      # what a broadcast packet may become; larger VPCs have no broadcast
rescue_after = 5                       # seconds without a controller after which a neighbour leads to one; 0 for never
audit_seconds = 600                    # about how often what the data plane holds is compared and repaired

[ovs]
run_directory = "/var/run/openvswitch" # where ovsdb-server and ovs-vswitchd keep their sockets
integration_bridge = "br-int"
idle_seconds = 60                      # rules to peers learned on demand go when nothing was sent for so long
connections = 65536                    # how many connections of each workload are tracked at most
fragment_rate = 150                    # how many fragments a second each workload may send
datapath = "auto"                      # "system" (kernel), "netdev" (userspace), or "auto" to find out

[metadata]
url = ""                               # Nova's metadata service, as "http://192.0.2.10:8775"; empty for none
shared_secret = ""                     # its metadata_proxy_shared_secret

[trust]
token = ""                             # of: alcor node join-token HOST; needed until the host has joined
authority = ""                         # the fingerprint printed beside it

[dns]
resolvers = []                         # asked for names of no VPC; empty for those of /etc/resolv.conf
"""

_LONGEST_SOCKET_PATH = 107
_MOST_FLOOD_COPIES = 1024  # what an OpenFlow rule has room for
_LONGEST_IDLE_SECONDS = 65_535  # what an OpenFlow rule can say


class SettingsError(ValueError):
    """The configuration cannot be used; the message names the key and says what to write."""


class OvsTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [ovs]. See dataplane.ovs.settings."""

    run_directory: str = "/var/run/openvswitch"
    integration_bridge: str = "br-int"
    datapath: Literal["auto", "system", "netdev"] = "auto"
    punt_rate: int = 200
    idle_seconds: int = 60
    connections: int = 65536
    fragment_rate: int = 150


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a control agent needs to know.

    ``punt_rate_per_port`` and ``punt_rate`` bound how many ARP and DHCP packets a second are answered, for each
    workload and for the host. ``audit_seconds`` is about how long between two comparisons of what the data plane holds
    with what it should. ``flood_copies`` bounds how many copies a broadcast or multicast packet of a workload becomes:
    in a VPC with more ports here and other hosts together it reaches nobody, with 0 in none. ``service_network`` has
    the addresses under which the host sees its own workloads, at one interface: they must mean nothing else to it.
    ``probe_port`` is the UDP port at the VTEP address by which hosts find out whether they reach each other, and
    ``relay_port`` the TCP port there by which they lead each other to controllers: all hosts have the same.
    ``rescue_after`` are the seconds without a controller after which a host has itself be led; 0 for never.
    ``socket`` is where ``alcor agent status`` asks; by default in the data directory.
    """

    host_id: str
    controllers: tuple[str, ...]
    vtep_ip: str
    data_directory: str
    message_queue: str = ""
    channel: Literal["auto", "fast", "queue"] = "auto"
    driver: Literal["ovs", "memory"] = "ovs"
    ovs: OvsTable = OvsTable()
    socket: str = ""
    dhcp_lease_seconds: int = 86400
    punt_rate_per_port: int = 100
    punt_rate: int = 2000
    audit_seconds: int = 600
    flood_copies: int = 64
    service_network: str = "100.64.0.0/12"
    probe_port: int = 9699
    relay_port: int = 9699
    rescue_after: float = 5.0
    metadata: MetadataSettings = MetadataSettings()
    dns: DnsSettings = DnsSettings()
    trust: TrustSettings = TrustSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def enrolment_addresses(self) -> tuple[str, ...]:
        """Where hosts of these controllers join; nowhere when no certificates are shown."""
        return self.trust.enrolment_addresses(self.controllers) if self.trust.is_secure(self.controllers) else ()

    def socket_path(self) -> Path:
        """The unix socket of the local API."""
        return Path(self.socket or Path(self.data_directory, "agent.sock"))


def load_settings(path: Path) -> AgentSettings:
    """Read a configuration file. Raises SettingsError."""
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    try:
        return parse_settings(values)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def parse_settings(values: dict[str, Any]) -> AgentSettings:
    """Check the values of a configuration. Raises SettingsError."""
    missing = [key for key in ("host_id", "controllers", "vtep_ip", "data_directory") if not values.get(key)]
    if missing:
        raise SettingsError(f"{missing[0]} is missing; write for example {_example(missing[0])}")
    try:
        settings = msgspec.convert(values, AgentSettings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{error} ({_known_keys()})") from error
    _check(settings)
    return settings


def _check(settings: AgentSettings) -> None:
    try:
        ipaddress.IPv4Address(settings.vtep_ip)
    except ValueError as error:
        raise SettingsError(f'vtep_ip = "{settings.vtep_ip}" is not an IPv4 address') from error
    for address in settings.controllers:
        if not address.startswith("unix:") and not address.rpartition(":")[2].isdecimal():
            raise SettingsError(f'controllers: "{address}" must be HOST:PORT or unix:PATH, as "192.0.2.10:9697"')
    if (problem := _queue_problem(settings)) is not None:
        raise SettingsError(f"message_queue: {problem}")
    if settings.channel == "queue" and not settings.message_queue:
        raise SettingsError('channel = "queue" needs a message_queue, as "pulsar://192.0.2.10:6650/public/alcor"')
    for key in ("dhcp_lease_seconds", "punt_rate_per_port", "punt_rate", "audit_seconds"):
        if not 0 < getattr(settings, key) < 2**32:
            raise SettingsError(f"{key} must be a positive number")
    for key in ("probe_port", "relay_port"):
        if not 0 < getattr(settings, key) < 1 << 16:
            raise SettingsError(f"{key} must be from 1 to 65535")
    if not 0 <= settings.rescue_after < 2**32:
        raise SettingsError("rescue_after must be a number of seconds, or 0 for never")
    if not 0 <= settings.flood_copies <= _MOST_FLOOD_COPIES:
        raise SettingsError(f"flood_copies must be from 0 (none) to {_MOST_FLOOD_COPIES}")
    for key in ("connections", "fragment_rate"):
        if not 0 < getattr(settings.ovs, key) < 2**32:
            raise SettingsError(f"ovs.{key} must be a positive number")
    if not 1 <= settings.ovs.idle_seconds <= _LONGEST_IDLE_SECONDS:
        raise SettingsError(f"ovs.idle_seconds must be from 1 to {_LONGEST_IDLE_SECONDS}")
    try:
        ClientAddresses(settings.service_network)
    except ValueError as error:
        raise SettingsError(f'service_network = "{settings.service_network}" cannot be used: {error}') from error
    problem = settings.metadata.problem() or settings.dns.problem() or settings.trust.problem(settings.controllers)
    if problem is not None:
        raise SettingsError(problem)
    if len(bytes(settings.socket_path())) > _LONGEST_SOCKET_PATH:
        raise SettingsError(
            f"socket: {settings.socket_path()} is too long a path for a socket; write a short one, "
            'as socket = "/run/alcor-agent.sock"'
        )


def _queue_problem(settings: AgentSettings) -> str | None:
    if not settings.message_queue:
        return None
    try:
        address = parse_queue(settings.message_queue)
    except ValueError as error:
        return str(error)
    return address.open_problem() if settings.trust.is_secure(settings.controllers) else None


def _example(key: str) -> str:
    line = next(line for line in SAMPLE.splitlines() if line.startswith(key))
    return line.partition("#")[0].strip()


def _known_keys() -> str:
    return "known keys: " + ", ".join(AgentSettings.__struct_fields__)
