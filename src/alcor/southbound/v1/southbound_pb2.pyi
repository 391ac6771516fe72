from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HostMessages(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[FromHost]
    def __init__(self, messages: _Optional[_Iterable[_Union[FromHost, _Mapping]]] = ...) -> None: ...

class FromHost(_message.Message):
    __slots__ = ("host", "message", "taken", "end")
    HOST_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    host: int
    message: bytes
    taken: int
    end: bool
    def __init__(self, host: _Optional[int] = ..., message: _Optional[bytes] = ..., taken: _Optional[int] = ..., end: _Optional[bool] = ...) -> None: ...

class ControllerMessages(_message.Message):
    __slots__ = ("messages", "network_config_managers")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NETWORK_CONFIG_MANAGERS_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[ToHost]
    network_config_managers: NetworkConfigManagers
    def __init__(self, messages: _Optional[_Iterable[_Union[ToHost, _Mapping]]] = ..., network_config_managers: _Optional[_Union[NetworkConfigManagers, _Mapping]] = ...) -> None: ...

class ToHost(_message.Message):
    __slots__ = ("host", "message", "end")
    HOST_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    host: int
    message: bytes
    end: str
    def __init__(self, host: _Optional[int] = ..., message: _Optional[bytes] = ..., end: _Optional[str] = ...) -> None: ...

class AgentMessage(_message.Message):
    __slots__ = ("hello", "acknowledgement", "port_report", "resync_request", "goal_state_digest", "host_health", "topic_position")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENT_FIELD_NUMBER: _ClassVar[int]
    PORT_REPORT_FIELD_NUMBER: _ClassVar[int]
    RESYNC_REQUEST_FIELD_NUMBER: _ClassVar[int]
    GOAL_STATE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    HOST_HEALTH_FIELD_NUMBER: _ClassVar[int]
    TOPIC_POSITION_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    acknowledgement: Acknowledgement
    port_report: PortReport
    resync_request: ResyncRequest
    goal_state_digest: GoalStateDigest
    host_health: HostHealth
    topic_position: TopicPosition
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., acknowledgement: _Optional[_Union[Acknowledgement, _Mapping]] = ..., port_report: _Optional[_Union[PortReport, _Mapping]] = ..., resync_request: _Optional[_Union[ResyncRequest, _Mapping]] = ..., goal_state_digest: _Optional[_Union[GoalStateDigest, _Mapping]] = ..., host_health: _Optional[_Union[HostHealth, _Mapping]] = ..., topic_position: _Optional[_Union[TopicPosition, _Mapping]] = ...) -> None: ...

class ControllerMessage(_message.Message):
    __slots__ = ("welcome", "goal_state", "network_config_managers", "probe_targets", "relay_candidates", "topic_keys")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    GOAL_STATE_FIELD_NUMBER: _ClassVar[int]
    NETWORK_CONFIG_MANAGERS_FIELD_NUMBER: _ClassVar[int]
    PROBE_TARGETS_FIELD_NUMBER: _ClassVar[int]
    RELAY_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    TOPIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    goal_state: GoalState
    network_config_managers: NetworkConfigManagers
    probe_targets: ProbeTargets
    relay_candidates: RelayCandidates
    topic_keys: TopicKeys
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., goal_state: _Optional[_Union[GoalState, _Mapping]] = ..., network_config_managers: _Optional[_Union[NetworkConfigManagers, _Mapping]] = ..., probe_targets: _Optional[_Union[ProbeTargets, _Mapping]] = ..., relay_candidates: _Optional[_Union[RelayCandidates, _Mapping]] = ..., topic_keys: _Optional[_Union[TopicKeys, _Mapping]] = ...) -> None: ...

class ProbeTargets(_message.Message):
    __slots__ = ("host_indexes", "ipv4", "interval_milliseconds", "packet_bytes")
    HOST_INDEXES_FIELD_NUMBER: _ClassVar[int]
    IPV4_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    PACKET_BYTES_FIELD_NUMBER: _ClassVar[int]
    host_indexes: _containers.RepeatedScalarFieldContainer[int]
    ipv4: _containers.RepeatedScalarFieldContainer[int]
    interval_milliseconds: int
    packet_bytes: int
    def __init__(self, host_indexes: _Optional[_Iterable[int]] = ..., ipv4: _Optional[_Iterable[int]] = ..., interval_milliseconds: _Optional[int] = ..., packet_bytes: _Optional[int] = ...) -> None: ...

class RelayCandidates(_message.Message):
    __slots__ = ("key", "candidates")
    KEY_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    candidates: _containers.RepeatedCompositeFieldContainer[RelayCandidate]
    def __init__(self, key: _Optional[bytes] = ..., candidates: _Optional[_Iterable[_Union[RelayCandidate, _Mapping]]] = ...) -> None: ...

class RelayCandidate(_message.Message):
    __slots__ = ("host_id", "ipv4", "token")
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    IPV4_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    host_id: str
    ipv4: int
    token: bytes
    def __init__(self, host_id: _Optional[str] = ..., ipv4: _Optional[int] = ..., token: _Optional[bytes] = ...) -> None: ...

class TopicKeys(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[TopicKey]
    def __init__(self, keys: _Optional[_Iterable[_Union[TopicKey, _Mapping]]] = ...) -> None: ...

class TopicKey(_message.Message):
    __slots__ = ("vni", "security_group", "epoch", "key")
    VNI_FIELD_NUMBER: _ClassVar[int]
    SECURITY_GROUP_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    vni: int
    security_group: bytes
    epoch: int
    key: bytes
    def __init__(self, vni: _Optional[int] = ..., security_group: _Optional[bytes] = ..., epoch: _Optional[int] = ..., key: _Optional[bytes] = ...) -> None: ...

class HostHealth(_message.Message):
    __slots__ = ("data_plane", "trouble", "probed", "unreached", "faults")
    class DataPlane(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DATA_PLANE_UNSPECIFIED: _ClassVar[HostHealth.DataPlane]
        WORKS: _ClassVar[HostHealth.DataPlane]
        REPAIRING: _ClassVar[HostHealth.DataPlane]
        GONE: _ClassVar[HostHealth.DataPlane]
    DATA_PLANE_UNSPECIFIED: HostHealth.DataPlane
    WORKS: HostHealth.DataPlane
    REPAIRING: HostHealth.DataPlane
    GONE: HostHealth.DataPlane
    class Fault(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FAULT_UNSPECIFIED: _ClassVar[HostHealth.Fault]
        UNREACHABLE: _ClassVar[HostHealth.Fault]
        NOT_WITH_FULL_PACKETS: _ClassVar[HostHealth.Fault]
    FAULT_UNSPECIFIED: HostHealth.Fault
    UNREACHABLE: HostHealth.Fault
    NOT_WITH_FULL_PACKETS: HostHealth.Fault
    DATA_PLANE_FIELD_NUMBER: _ClassVar[int]
    TROUBLE_FIELD_NUMBER: _ClassVar[int]
    PROBED_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    data_plane: HostHealth.DataPlane
    trouble: str
    probed: int
    unreached: _containers.RepeatedScalarFieldContainer[int]
    faults: _containers.RepeatedScalarFieldContainer[HostHealth.Fault]
    def __init__(self, data_plane: _Optional[_Union[HostHealth.DataPlane, str]] = ..., trouble: _Optional[str] = ..., probed: _Optional[int] = ..., unreached: _Optional[_Iterable[int]] = ..., faults: _Optional[_Iterable[_Union[HostHealth.Fault, str]]] = ...) -> None: ...

class NetworkConfigManagers(_message.Message):
    __slots__ = ("addresses",)
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("host_id", "boot_id", "log_id", "applied_revision", "agent_version", "digest", "takes_network_config_managers", "takes_probe_targets", "rescue", "feeds", "takes_topic_keys")
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    APPLIED_REVISION_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TAKES_NETWORK_CONFIG_MANAGERS_FIELD_NUMBER: _ClassVar[int]
    TAKES_PROBE_TARGETS_FIELD_NUMBER: _ClassVar[int]
    RESCUE_FIELD_NUMBER: _ClassVar[int]
    FEEDS_FIELD_NUMBER: _ClassVar[int]
    TAKES_TOPIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    host_id: str
    boot_id: bytes
    log_id: bytes
    applied_revision: int
    agent_version: str
    digest: GoalStateDigest
    takes_network_config_managers: bool
    takes_probe_targets: bool
    rescue: Rescue
    feeds: _containers.RepeatedCompositeFieldContainer[Feed]
    takes_topic_keys: bool
    def __init__(self, host_id: _Optional[str] = ..., boot_id: _Optional[bytes] = ..., log_id: _Optional[bytes] = ..., applied_revision: _Optional[int] = ..., agent_version: _Optional[str] = ..., digest: _Optional[_Union[GoalStateDigest, _Mapping]] = ..., takes_network_config_managers: _Optional[bool] = ..., takes_probe_targets: _Optional[bool] = ..., rescue: _Optional[_Union[Rescue, _Mapping]] = ..., feeds: _Optional[_Iterable[_Union[Feed, _Mapping]]] = ..., takes_topic_keys: _Optional[bool] = ...) -> None: ...

class Rescue(_message.Message):
    __slots__ = ("relayed_by",)
    RELAYED_BY_FIELD_NUMBER: _ClassVar[int]
    relayed_by: str
    def __init__(self, relayed_by: _Optional[str] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("log_id", "controller_id", "report_interval_seconds", "digest_interval_seconds", "topic_interval_seconds")
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    CONTROLLER_ID_FIELD_NUMBER: _ClassVar[int]
    REPORT_INTERVAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_INTERVAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TOPIC_INTERVAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    log_id: bytes
    controller_id: str
    report_interval_seconds: int
    digest_interval_seconds: int
    topic_interval_seconds: int
    def __init__(self, log_id: _Optional[bytes] = ..., controller_id: _Optional[str] = ..., report_interval_seconds: _Optional[int] = ..., digest_interval_seconds: _Optional[int] = ..., topic_interval_seconds: _Optional[int] = ...) -> None: ...

class GoalState(_message.Message):
    __slots__ = ("base_revision", "revision", "snapshot", "more", "feeds", "vpcs", "subnets", "ports", "vteps", "forwarding", "addresses", "routers", "security_groups", "memberships", "network_acls", "removed_vpcs", "removed_subnets", "removed_ports", "removed_vteps", "removed_routers", "removed_security_groups", "removed_network_acls", "router_deltas")
    BASE_REVISION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    FEEDS_FIELD_NUMBER: _ClassVar[int]
    VPCS_FIELD_NUMBER: _ClassVar[int]
    SUBNETS_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    VTEPS_FIELD_NUMBER: _ClassVar[int]
    FORWARDING_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    ROUTERS_FIELD_NUMBER: _ClassVar[int]
    SECURITY_GROUPS_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIPS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACLS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_VPCS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_SUBNETS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_PORTS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_VTEPS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_ROUTERS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_SECURITY_GROUPS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_NETWORK_ACLS_FIELD_NUMBER: _ClassVar[int]
    ROUTER_DELTAS_FIELD_NUMBER: _ClassVar[int]
    base_revision: int
    revision: int
    snapshot: bool
    more: bool
    feeds: _containers.RepeatedCompositeFieldContainer[Feed]
    vpcs: _containers.RepeatedCompositeFieldContainer[Vpc]
    subnets: _containers.RepeatedCompositeFieldContainer[Subnet]
    ports: _containers.RepeatedCompositeFieldContainer[Port]
    vteps: _containers.RepeatedCompositeFieldContainer[Vtep]
    forwarding: _containers.RepeatedCompositeFieldContainer[Forwarding]
    addresses: _containers.RepeatedCompositeFieldContainer[Addresses]
    routers: _containers.RepeatedCompositeFieldContainer[Router]
    security_groups: _containers.RepeatedCompositeFieldContainer[SecurityGroup]
    memberships: _containers.RepeatedCompositeFieldContainer[Memberships]
    network_acls: _containers.RepeatedCompositeFieldContainer[NetworkAcl]
    removed_vpcs: _containers.RepeatedScalarFieldContainer[int]
    removed_subnets: _containers.RepeatedScalarFieldContainer[bytes]
    removed_ports: _containers.RepeatedScalarFieldContainer[bytes]
    removed_vteps: _containers.RepeatedScalarFieldContainer[int]
    removed_routers: _containers.RepeatedScalarFieldContainer[bytes]
    removed_security_groups: _containers.RepeatedScalarFieldContainer[bytes]
    removed_network_acls: _containers.RepeatedScalarFieldContainer[bytes]
    router_deltas: _containers.RepeatedCompositeFieldContainer[RouterDelta]
    def __init__(self, base_revision: _Optional[int] = ..., revision: _Optional[int] = ..., snapshot: _Optional[bool] = ..., more: _Optional[bool] = ..., feeds: _Optional[_Iterable[_Union[Feed, _Mapping]]] = ..., vpcs: _Optional[_Iterable[_Union[Vpc, _Mapping]]] = ..., subnets: _Optional[_Iterable[_Union[Subnet, _Mapping]]] = ..., ports: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., vteps: _Optional[_Iterable[_Union[Vtep, _Mapping]]] = ..., forwarding: _Optional[_Iterable[_Union[Forwarding, _Mapping]]] = ..., addresses: _Optional[_Iterable[_Union[Addresses, _Mapping]]] = ..., routers: _Optional[_Iterable[_Union[Router, _Mapping]]] = ..., security_groups: _Optional[_Iterable[_Union[SecurityGroup, _Mapping]]] = ..., memberships: _Optional[_Iterable[_Union[Memberships, _Mapping]]] = ..., network_acls: _Optional[_Iterable[_Union[NetworkAcl, _Mapping]]] = ..., removed_vpcs: _Optional[_Iterable[int]] = ..., removed_subnets: _Optional[_Iterable[bytes]] = ..., removed_ports: _Optional[_Iterable[bytes]] = ..., removed_vteps: _Optional[_Iterable[int]] = ..., removed_routers: _Optional[_Iterable[bytes]] = ..., removed_security_groups: _Optional[_Iterable[bytes]] = ..., removed_network_acls: _Optional[_Iterable[bytes]] = ..., router_deltas: _Optional[_Iterable[_Union[RouterDelta, _Mapping]]] = ...) -> None: ...

class Vpc(_message.Message):
    __slots__ = ("id", "vni", "mtu", "dns_domain", "on_demand", "queued")
    ID_FIELD_NUMBER: _ClassVar[int]
    VNI_FIELD_NUMBER: _ClassVar[int]
    MTU_FIELD_NUMBER: _ClassVar[int]
    DNS_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    ON_DEMAND_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    vni: int
    mtu: int
    dns_domain: str
    on_demand: bool
    queued: bool
    def __init__(self, id: _Optional[bytes] = ..., vni: _Optional[int] = ..., mtu: _Optional[int] = ..., dns_domain: _Optional[str] = ..., on_demand: _Optional[bool] = ..., queued: _Optional[bool] = ...) -> None: ...

class Feed(_message.Message):
    __slots__ = ("vni", "by_topic", "revision", "host_index", "security_group")
    VNI_FIELD_NUMBER: _ClassVar[int]
    BY_TOPIC_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    HOST_INDEX_FIELD_NUMBER: _ClassVar[int]
    SECURITY_GROUP_FIELD_NUMBER: _ClassVar[int]
    vni: int
    by_topic: bool
    revision: int
    host_index: int
    security_group: bytes
    def __init__(self, vni: _Optional[int] = ..., by_topic: _Optional[bool] = ..., revision: _Optional[int] = ..., host_index: _Optional[int] = ..., security_group: _Optional[bytes] = ...) -> None: ...

class TopicPosition(_message.Message):
    __slots__ = ("vni", "subscribed", "seen", "revision", "by_topic", "reason", "security_group")
    VNI_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBED_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BY_TOPIC_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SECURITY_GROUP_FIELD_NUMBER: _ClassVar[int]
    vni: int
    subscribed: bool
    seen: int
    revision: int
    by_topic: bool
    reason: str
    security_group: bytes
    def __init__(self, vni: _Optional[int] = ..., subscribed: _Optional[bool] = ..., seen: _Optional[int] = ..., revision: _Optional[int] = ..., by_topic: _Optional[bool] = ..., reason: _Optional[str] = ..., security_group: _Optional[bytes] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("destination", "next_hop")
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    NEXT_HOP_FIELD_NUMBER: _ClassVar[int]
    destination: str
    next_hop: str
    def __init__(self, destination: _Optional[str] = ..., next_hop: _Optional[str] = ...) -> None: ...

class Subnet(_message.Message):
    __slots__ = ("id", "vni", "cidr", "gateway_ip", "enable_dhcp", "dns_nameservers", "host_routes", "ipv6_ra_mode", "ipv6_address_mode", "network_acl")
    ID_FIELD_NUMBER: _ClassVar[int]
    VNI_FIELD_NUMBER: _ClassVar[int]
    CIDR_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_IP_FIELD_NUMBER: _ClassVar[int]
    ENABLE_DHCP_FIELD_NUMBER: _ClassVar[int]
    DNS_NAMESERVERS_FIELD_NUMBER: _ClassVar[int]
    HOST_ROUTES_FIELD_NUMBER: _ClassVar[int]
    IPV6_RA_MODE_FIELD_NUMBER: _ClassVar[int]
    IPV6_ADDRESS_MODE_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACL_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    vni: int
    cidr: str
    gateway_ip: str
    enable_dhcp: bool
    dns_nameservers: _containers.RepeatedScalarFieldContainer[str]
    host_routes: _containers.RepeatedCompositeFieldContainer[Route]
    ipv6_ra_mode: str
    ipv6_address_mode: str
    network_acl: bytes
    def __init__(self, id: _Optional[bytes] = ..., vni: _Optional[int] = ..., cidr: _Optional[str] = ..., gateway_ip: _Optional[str] = ..., enable_dhcp: _Optional[bool] = ..., dns_nameservers: _Optional[_Iterable[str]] = ..., host_routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., ipv6_ra_mode: _Optional[str] = ..., ipv6_address_mode: _Optional[str] = ..., network_acl: _Optional[bytes] = ...) -> None: ...

class FixedIp(_message.Message):
    __slots__ = ("subnet_id", "address")
    SUBNET_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    subnet_id: bytes
    address: str
    def __init__(self, subnet_id: _Optional[bytes] = ..., address: _Optional[str] = ...) -> None: ...

class AddressPair(_message.Message):
    __slots__ = ("cidr", "mac")
    CIDR_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    cidr: str
    mac: int
    def __init__(self, cidr: _Optional[str] = ..., mac: _Optional[int] = ...) -> None: ...

class DhcpOption(_message.Message):
    __slots__ = ("name", "value", "ip_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    IP_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    ip_version: int
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., ip_version: _Optional[int] = ...) -> None: ...

class Port(_message.Message):
    __slots__ = ("id", "vni", "mac", "fixed_ips", "admin_state_up", "port_security", "allowed_address_pairs", "dhcp_options", "hostname", "security_groups", "device_id", "project_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    VNI_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    FIXED_IPS_FIELD_NUMBER: _ClassVar[int]
    ADMIN_STATE_UP_FIELD_NUMBER: _ClassVar[int]
    PORT_SECURITY_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ADDRESS_PAIRS_FIELD_NUMBER: _ClassVar[int]
    DHCP_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    SECURITY_GROUPS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    vni: int
    mac: int
    fixed_ips: _containers.RepeatedCompositeFieldContainer[FixedIp]
    admin_state_up: bool
    port_security: bool
    allowed_address_pairs: _containers.RepeatedCompositeFieldContainer[AddressPair]
    dhcp_options: _containers.RepeatedCompositeFieldContainer[DhcpOption]
    hostname: str
    security_groups: bytes
    device_id: str
    project_id: str
    def __init__(self, id: _Optional[bytes] = ..., vni: _Optional[int] = ..., mac: _Optional[int] = ..., fixed_ips: _Optional[_Iterable[_Union[FixedIp, _Mapping]]] = ..., admin_state_up: _Optional[bool] = ..., port_security: _Optional[bool] = ..., allowed_address_pairs: _Optional[_Iterable[_Union[AddressPair, _Mapping]]] = ..., dhcp_options: _Optional[_Iterable[_Union[DhcpOption, _Mapping]]] = ..., hostname: _Optional[str] = ..., security_groups: _Optional[bytes] = ..., device_id: _Optional[str] = ..., project_id: _Optional[str] = ...) -> None: ...

class SecurityGroup(_message.Message):
    __slots__ = ("id", "stateful", "rules", "address_groups", "queued")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATEFUL_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_GROUPS_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    stateful: bool
    rules: _containers.RepeatedCompositeFieldContainer[SecurityRule]
    address_groups: _containers.RepeatedCompositeFieldContainer[AddressGroup]
    queued: bool
    def __init__(self, id: _Optional[bytes] = ..., stateful: _Optional[bool] = ..., rules: _Optional[_Iterable[_Union[SecurityRule, _Mapping]]] = ..., address_groups: _Optional[_Iterable[_Union[AddressGroup, _Mapping]]] = ..., queued: _Optional[bool] = ...) -> None: ...

class SecurityRule(_message.Message):
    __slots__ = ("ingress", "ipv6", "protocol", "port_range_min", "port_range_max", "remote_prefix", "remote_group", "remote_address_group")
    INGRESS_FIELD_NUMBER: _ClassVar[int]
    IPV6_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PORT_RANGE_MIN_FIELD_NUMBER: _ClassVar[int]
    PORT_RANGE_MAX_FIELD_NUMBER: _ClassVar[int]
    REMOTE_PREFIX_FIELD_NUMBER: _ClassVar[int]
    REMOTE_GROUP_FIELD_NUMBER: _ClassVar[int]
    REMOTE_ADDRESS_GROUP_FIELD_NUMBER: _ClassVar[int]
    ingress: bool
    ipv6: bool
    protocol: int
    port_range_min: int
    port_range_max: int
    remote_prefix: str
    remote_group: bytes
    remote_address_group: bytes
    def __init__(self, ingress: _Optional[bool] = ..., ipv6: _Optional[bool] = ..., protocol: _Optional[int] = ..., port_range_min: _Optional[int] = ..., port_range_max: _Optional[int] = ..., remote_prefix: _Optional[str] = ..., remote_group: _Optional[bytes] = ..., remote_address_group: _Optional[bytes] = ...) -> None: ...

class AddressGroup(_message.Message):
    __slots__ = ("id", "addresses")
    ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[bytes] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class NetworkAcl(_message.Message):
    __slots__ = ("id", "rules")
    ID_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    rules: _containers.RepeatedCompositeFieldContainer[NetworkAclRule]
    def __init__(self, id: _Optional[bytes] = ..., rules: _Optional[_Iterable[_Union[NetworkAclRule, _Mapping]]] = ...) -> None: ...

class NetworkAclRule(_message.Message):
    __slots__ = ("number", "ingress", "allow", "ipv6", "prefix", "protocol", "port_range_min", "port_range_max", "icmp_type", "icmp_code")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    INGRESS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FIELD_NUMBER: _ClassVar[int]
    IPV6_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PORT_RANGE_MIN_FIELD_NUMBER: _ClassVar[int]
    PORT_RANGE_MAX_FIELD_NUMBER: _ClassVar[int]
    ICMP_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICMP_CODE_FIELD_NUMBER: _ClassVar[int]
    number: int
    ingress: bool
    allow: bool
    ipv6: bool
    prefix: str
    protocol: int
    port_range_min: int
    port_range_max: int
    icmp_type: int
    icmp_code: int
    def __init__(self, number: _Optional[int] = ..., ingress: _Optional[bool] = ..., allow: _Optional[bool] = ..., ipv6: _Optional[bool] = ..., prefix: _Optional[str] = ..., protocol: _Optional[int] = ..., port_range_min: _Optional[int] = ..., port_range_max: _Optional[int] = ..., icmp_type: _Optional[int] = ..., icmp_code: _Optional[int] = ...) -> None: ...

class Memberships(_message.Message):
    __slots__ = ("vni", "distinct", "macs", "indexes", "removed_macs")
    VNI_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_FIELD_NUMBER: _ClassVar[int]
    MACS_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_MACS_FIELD_NUMBER: _ClassVar[int]
    vni: int
    distinct: _containers.RepeatedCompositeFieldContainer[Membership]
    macs: _containers.RepeatedScalarFieldContainer[int]
    indexes: _containers.RepeatedScalarFieldContainer[int]
    removed_macs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, vni: _Optional[int] = ..., distinct: _Optional[_Iterable[_Union[Membership, _Mapping]]] = ..., macs: _Optional[_Iterable[int]] = ..., indexes: _Optional[_Iterable[int]] = ..., removed_macs: _Optional[_Iterable[int]] = ...) -> None: ...

class Membership(_message.Message):
    __slots__ = ("security_groups", "address_pairs")
    SECURITY_GROUPS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_PAIRS_FIELD_NUMBER: _ClassVar[int]
    security_groups: bytes
    address_pairs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, security_groups: _Optional[bytes] = ..., address_pairs: _Optional[_Iterable[str]] = ...) -> None: ...

class Router(_message.Message):
    __slots__ = ("id", "interfaces", "routes")
    ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACES_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    interfaces: _containers.RepeatedCompositeFieldContainer[RouterInterface]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    def __init__(self, id: _Optional[bytes] = ..., interfaces: _Optional[_Iterable[_Union[RouterInterface, _Mapping]]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ...) -> None: ...

class RouterInterface(_message.Message):
    __slots__ = ("id", "vni", "mac", "addresses", "routes", "mtu")
    ID_FIELD_NUMBER: _ClassVar[int]
    VNI_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    MTU_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    vni: int
    mac: int
    addresses: _containers.RepeatedCompositeFieldContainer[RouterAddress]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    mtu: int
    def __init__(self, id: _Optional[bytes] = ..., vni: _Optional[int] = ..., mac: _Optional[int] = ..., addresses: _Optional[_Iterable[_Union[RouterAddress, _Mapping]]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., mtu: _Optional[int] = ...) -> None: ...

class RouterAddress(_message.Message):
    __slots__ = ("cidr", "address")
    CIDR_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    cidr: str
    address: str
    def __init__(self, cidr: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class RouterDelta(_message.Message):
    __slots__ = ("id", "interfaces", "removed_interfaces", "replaces_routes", "routes")
    ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_INTERFACES_FIELD_NUMBER: _ClassVar[int]
    REPLACES_ROUTES_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    interfaces: _containers.RepeatedCompositeFieldContainer[RouterInterface]
    removed_interfaces: _containers.RepeatedScalarFieldContainer[bytes]
    replaces_routes: bool
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    def __init__(self, id: _Optional[bytes] = ..., interfaces: _Optional[_Iterable[_Union[RouterInterface, _Mapping]]] = ..., removed_interfaces: _Optional[_Iterable[bytes]] = ..., replaces_routes: _Optional[bool] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ...) -> None: ...

class Vtep(_message.Message):
    __slots__ = ("host_index", "ipv4")
    HOST_INDEX_FIELD_NUMBER: _ClassVar[int]
    IPV4_FIELD_NUMBER: _ClassVar[int]
    host_index: int
    ipv4: int
    def __init__(self, host_index: _Optional[int] = ..., ipv4: _Optional[int] = ...) -> None: ...

class Forwarding(_message.Message):
    __slots__ = ("vni", "macs", "host_indexes", "removed_macs")
    VNI_FIELD_NUMBER: _ClassVar[int]
    MACS_FIELD_NUMBER: _ClassVar[int]
    HOST_INDEXES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_MACS_FIELD_NUMBER: _ClassVar[int]
    vni: int
    macs: _containers.RepeatedScalarFieldContainer[int]
    host_indexes: _containers.RepeatedScalarFieldContainer[int]
    removed_macs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, vni: _Optional[int] = ..., macs: _Optional[_Iterable[int]] = ..., host_indexes: _Optional[_Iterable[int]] = ..., removed_macs: _Optional[_Iterable[int]] = ...) -> None: ...

class Addresses(_message.Message):
    __slots__ = ("vni", "ipv4", "ipv4_macs", "ipv6", "ipv6_macs", "removed_ipv4", "removed_ipv6")
    VNI_FIELD_NUMBER: _ClassVar[int]
    IPV4_FIELD_NUMBER: _ClassVar[int]
    IPV4_MACS_FIELD_NUMBER: _ClassVar[int]
    IPV6_FIELD_NUMBER: _ClassVar[int]
    IPV6_MACS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_IPV4_FIELD_NUMBER: _ClassVar[int]
    REMOVED_IPV6_FIELD_NUMBER: _ClassVar[int]
    vni: int
    ipv4: _containers.RepeatedScalarFieldContainer[int]
    ipv4_macs: _containers.RepeatedScalarFieldContainer[int]
    ipv6: bytes
    ipv6_macs: _containers.RepeatedScalarFieldContainer[int]
    removed_ipv4: _containers.RepeatedScalarFieldContainer[int]
    removed_ipv6: bytes
    def __init__(self, vni: _Optional[int] = ..., ipv4: _Optional[_Iterable[int]] = ..., ipv4_macs: _Optional[_Iterable[int]] = ..., ipv6: _Optional[bytes] = ..., ipv6_macs: _Optional[_Iterable[int]] = ..., removed_ipv4: _Optional[_Iterable[int]] = ..., removed_ipv6: _Optional[bytes] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("revision", "received_nanoseconds", "programmed_nanoseconds", "failures")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_NANOSECONDS_FIELD_NUMBER: _ClassVar[int]
    PROGRAMMED_NANOSECONDS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    revision: int
    received_nanoseconds: int
    programmed_nanoseconds: int
    failures: _containers.RepeatedCompositeFieldContainer[ResourceFailure]
    def __init__(self, revision: _Optional[int] = ..., received_nanoseconds: _Optional[int] = ..., programmed_nanoseconds: _Optional[int] = ..., failures: _Optional[_Iterable[_Union[ResourceFailure, _Mapping]]] = ...) -> None: ...

class ResourceFailure(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    reason: str
    def __init__(self, id: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class PortReport(_message.Message):
    __slots__ = ("ports", "complete")
    PORTS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    ports: _containers.RepeatedCompositeFieldContainer[PortState]
    complete: bool
    def __init__(self, ports: _Optional[_Iterable[_Union[PortState, _Mapping]]] = ..., complete: _Optional[bool] = ...) -> None: ...

class PortState(_message.Message):
    __slots__ = ("id", "state", "reason", "revision", "unclaimed")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[PortState.State]
        UP: _ClassVar[PortState.State]
        DOWN: _ClassVar[PortState.State]
        FAILED: _ClassVar[PortState.State]
    STATE_UNSPECIFIED: PortState.State
    UP: PortState.State
    DOWN: PortState.State
    FAILED: PortState.State
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    UNCLAIMED_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    state: PortState.State
    reason: str
    revision: int
    unclaimed: bool
    def __init__(self, id: _Optional[bytes] = ..., state: _Optional[_Union[PortState.State, str]] = ..., reason: _Optional[str] = ..., revision: _Optional[int] = ..., unclaimed: _Optional[bool] = ...) -> None: ...

class ResyncRequest(_message.Message):
    __slots__ = ("applied_revision", "reason")
    APPLIED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    applied_revision: int
    reason: str
    def __init__(self, applied_revision: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class GoalStateDigest(_message.Message):
    __slots__ = ("revision", "version", "vpcs", "subnets", "ports", "vteps", "neighbours", "routers", "security_groups", "network_acls", "feeds")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VPCS_FIELD_NUMBER: _ClassVar[int]
    SUBNETS_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    VTEPS_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    ROUTERS_FIELD_NUMBER: _ClassVar[int]
    SECURITY_GROUPS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ACLS_FIELD_NUMBER: _ClassVar[int]
    FEEDS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    version: int
    vpcs: int
    subnets: int
    ports: int
    vteps: int
    neighbours: int
    routers: int
    security_groups: int
    network_acls: int
    feeds: _containers.RepeatedCompositeFieldContainer[Feed]
    def __init__(self, revision: _Optional[int] = ..., version: _Optional[int] = ..., vpcs: _Optional[int] = ..., subnets: _Optional[int] = ..., ports: _Optional[int] = ..., vteps: _Optional[int] = ..., neighbours: _Optional[int] = ..., routers: _Optional[int] = ..., security_groups: _Optional[int] = ..., network_acls: _Optional[int] = ..., feeds: _Optional[_Iterable[_Union[Feed, _Mapping]]] = ...) -> None: ...
