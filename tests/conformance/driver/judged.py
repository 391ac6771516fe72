"""A port in subnets with network ACLs.

B, on the first host, is in a subnet of its own, whose ACL a test is about. Whom it speaks to, A on the same host and C
on the other, are in other subnets of the VPC, unless a test says so.
"""

from collections.abc import Callable

import msgspec

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.network_acls import NetworkAcl, NetworkAclRule, SubnetAcl
from alcor.dataplane.security_groups import Prefix
from tests.conformance.driver.cloud import B, Cloud

ACL_ID, OTHER_ACL = (name.ljust(16, b".") for name in (b"acl", b"other-acl"))
OWN_IPV4 = SubnetAcl(4, B.ipv4[0], 0xFFFFFFFF, ACL_ID)
OWN_IPV6 = SubnetAcl(6, int.from_bytes(B.ipv6[0]), (1 << 128) - 1, ACL_ID)
OWN = (OWN_IPV4, OWN_IPV6)
SHARED = (
    SubnetAcl(4, 0x0A000000, 0xFFFFFF00, ACL_ID),
    SubnetAcl(6, 0x20010DB8 << 96, 0xFFFFFFFFFFFFFFFF << 64, ACL_ID),
)
"""With A and C in it."""
ANY = {4: Prefix(bytes(4), 0), 6: Prefix(bytes(16), 0)}
Numbered = Callable[[int, bool, bool], NetworkAclRule]
"""Makes a rule with this number, of ingress or not, that allows or not."""


def about(
    protocol: int | None = None,
    ports: tuple[int | None, int | None] = (None, None),
    kind: int | None = None,
    code: int | None = None,
    *,
    ipv6: bool = False,
    prefix: Prefix | None = None,
) -> Numbered:
    version = 6 if ipv6 else 4
    end = prefix or ANY[version]
    return lambda number, ingress, allow: NetworkAclRule(
        number, ingress, allow, version, end, protocol, *ports, kind, code
    )


def acl(*rules: NetworkAclRule, acl_id: bytes = ACL_ID) -> NetworkAcl:
    return NetworkAcl(acl_id, rules)


def everything(number: int = 1, allow: bool = True) -> tuple[NetworkAclRule, ...]:
    return tuple(about(ipv6=ipv6)(number, ingress, allow) for ingress in (True, False) for ipv6 in (True, False))


async def judge(cloud: Cloud, *acls: NetworkAcl, subnets: tuple[SubnetAcl, ...] = OWN, port: Endpoint = B) -> None:
    """Let B be in these subnets, and these ACLs be there."""
    judged = msgspec.structs.replace(port, network_acls=subnets)
    change = Change(endpoints={B.port_id: judged}, network_acls={each.id: each for each in acls})
    assert await cloud.first.driver.apply(change) == {}


async def change_rules(cloud: Cloud, *rules: NetworkAclRule) -> None:
    assert await cloud.first.driver.apply(Change(network_acls={ACL_ID: acl(*rules)})) == {}
