"""The rules by which workloads reach the host's services (dataplane.host_services), and are answered."""

from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6, SERVICE_MAC, SERVICES, Service
from alcor.dataplane.ovs.openflow.actions import GoTo, Meter, Output, SetField
from alcor.dataplane.ovs.tables import (
    ANSWERED,
    ANSWERS,
    CLASSIFY,
    HOST,
    PUNT,
    SERVICES_OF_PORT,
    Match,
    Rule,
)

_IPV4, _IPV6 = Match("eth_type", 0x0800), Match("eth_type", 0x86DD)
_FROM_PORT = Match("in_port", "port")
_TO_IPV4 = (_IPV4, Match("ipv4_dst", SERVICE_IPV4))
_TO_IPV6 = (_IPV6, Match("ipv6_dst", int.from_bytes(SERVICE_IPV6)))
_PROTOCOLS = {6: "tcp", 17: "udp"}
HOST_MAC = 0xFE140000A9FD
"""Of the host's own interface, at which its programs answer."""

_PRIORITIES = {service: 130 + 2 * place for place, service in enumerate(SERVICES)}


def _asked(service: Service, ipv6: bool) -> Rule:
    protocol = _PROTOCOLS[service.protocol]
    to, host = (_TO_IPV6, ()) if ipv6 else (_TO_IPV4, (SetField("ipv4_dst", "host_address"),))
    return Rule(
        f"{service.name}_ipv{6 if ipv6 else 4}",
        PUNT,
        _PRIORITIES[service] + ipv6,
        (*to, Match("ip_proto", service.protocol), Match(f"{protocol}_dst", service.port)),
        (SetField(f"{protocol}_dst", service.host_port), *host, GoTo(SERVICES_OF_PORT.number)),
        "what the host answers is essential, whatever security groups say",
    )


def _answer(service: Service, ipv6: bool) -> Rule:
    protocol = _PROTOCOLS[service.protocol]
    version, own = (_IPV6, ()) if ipv6 else (_IPV4, (SetField("ipv4_src", SERVICE_IPV4),))
    return Rule(
        f"{service.name}_answer_ipv{6 if ipv6 else 4}",
        ANSWERS,
        _PRIORITIES[service] + ipv6,
        (version, Match("ip_proto", service.protocol), Match(f"{protocol}_src", service.host_port)),
        (
            SetField(f"{protocol}_src", service.port),
            *own,
            SetField("eth_src", SERVICE_MAC),
            GoTo(ANSWERED.number),
        ),
        "from the address and port where the workload asked",
    )


FROM_HOST = Rule(
    "from_host",
    CLASSIFY,
    250,
    (Match("in_port", "service_port"),),
    (GoTo(ANSWERS.number),),
    "from the host's own programs",
)
NO_SERVICE_IPV4 = Rule(
    "no_service_ipv4", PUNT, 61, _TO_IPV4, (), "nothing else is at that address, in whatever subnet it may be"
)
NO_SERVICE_IPV6 = Rule("no_service_ipv6", PUNT, 60, _TO_IPV6, (), "nothing else is at that address")
ASKS_IPV4 = Rule(
    "asks_ipv4",
    SERVICES_OF_PORT,
    100,
    (_IPV4, _FROM_PORT, Match("ipv4_src", "address")),
    (Meter("meter"), SetField("ipv4_src", "client"), GoTo(HOST.number)),
    "from an address of the port: another stands for it that no other port has, at a bounded rate",
)
ASKS_IPV6 = Rule(
    "asks_ipv6",
    SERVICES_OF_PORT,
    90,
    (_IPV6, _FROM_PORT, Match("ipv6_src", "address")),
    (Meter("meter"), SetField("ipv6_src", "client"), GoTo(HOST.number)),
    "from an address of the port, or its link-local one: likewise",
)
NO_ADDRESS_OF_PORT = Rule(
    "no_address_of_port", SERVICES_OF_PORT, 0, (), (), "from an address that is not the port's own"
)
TO_PROGRAMS = Rule(
    "to_programs",
    HOST,
    0,
    (),
    (SetField("eth_dst", HOST_MAC), Output("service_port")),
    "to the host's own network stack",
)
NO_ANSWER = Rule("no_answer", ANSWERS, 0, (), (), "the host has nothing else to say to workloads")
ANSWERED_IPV4 = Rule(
    "answered_ipv4",
    ANSWERED,
    100,
    (_IPV4, Match("ipv4_dst", "client")),
    (SetField("ipv4_dst", "address"), SetField("eth_dst", "mac"), Output("port")),
    "to the workload that asked, at the address from which it did",
)
ANSWERED_IPV6 = Rule(
    "answered_ipv6",
    ANSWERED,
    90,
    (_IPV6, Match("ipv6_dst", "client")),
    (SetField("ipv6_dst", "address"), SetField("eth_dst", "mac"), Output("port")),
    "to the workload that asked, at the address from which it did",
)
NOBODY_ASKED = Rule("nobody_asked", ANSWERED, 0, (), (), "the port that asked is gone")

SERVICE_RULES = (
    FROM_HOST,
    *(_asked(service, ipv6) for service in SERVICES for ipv6 in (False, True)),
    NO_SERVICE_IPV4,
    NO_SERVICE_IPV6,
    ASKS_IPV4,
    ASKS_IPV6,
    NO_ADDRESS_OF_PORT,
    TO_PROGRAMS,
    *(_answer(service, ipv6) for service in SERVICES for ipv6 in (False, True)),
    NO_ANSWER,
    ANSWERED_IPV4,
    ANSWERED_IPV6,
    NOBODY_ASKED,
)
