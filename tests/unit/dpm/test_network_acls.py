"""A host has the network ACLs of the subnets of its own ports, each once, and is told of nothing else."""

from collections.abc import Sequence

import msgspec

from alcor.dpm.compiler import compile_entry
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import GoalStateDelta, NetworkAcl
from alcor.model.records import (
    LogEntry,
    NetworkAclDeleted,
    NetworkAclRecord,
    NetworkAclRule,
    Record,
    VpcDeleted,
)
from tests.unit.dpm.cloud import ACLS, HOSTS, SUBNETS, VPCS
from tests.unit.dpm.test_compiler import NODES, SUBNET, VPC, fresh, port

OPEN = NetworkAclRule(100, True, True, False, "0.0.0.0/0")
SHUT = msgspec.structs.replace(OPEN, allow=False)
ACL = NetworkAclRecord(ACLS[0], VPCS[0], (OPEN,))
HELD = msgspec.structs.replace(SUBNET, network_acl=ACLS[0])
OTHER = msgspec.structs.replace(SUBNET, id=SUBNETS[1], cidr="10.0.1.0/24")
"""Without an ACL, and host 2's."""

ELSEWHERE = msgspec.structs.replace(port(2, 2), fixed_ips=((SUBNETS[1], b"\x0a\x00\x01\x05"),))
CLOUD: Sequence[Record] = (VPC, HELD, OTHER, ACL, *NODES, port(0, 0), port(1, 0), port(3, 1), ELSEWHERE)


def change(*records: Record) -> tuple[ReadModel, dict[str, GoalStateDelta]]:
    """What hosts are told of an entry on the cloud."""
    model = ReadModel()
    compile_entry(model, LogEntry(1, tuple(CLOUD)))
    return model, compile_entry(model, LogEntry(2, records)).deltas


def test_one_acl_serves_all_ports_of_its_subnet() -> None:
    model, _ = change()
    assert [fresh(model, host).network_acls for host in HOSTS[:3]] == [
        {ACL.id: NetworkAcl(ACL.id, (OPEN,))},
        {ACL.id: NetworkAcl(ACL.id, (OPEN,))},
        {},
    ]
    assert {each.network_acl for each in fresh(model, HOSTS[0]).subnets.values()} == {ACL.id}


def test_a_change_of_rules_costs_the_hosts_with_ports_there_one_record() -> None:
    _, deltas = change(msgspec.structs.replace(ACL, rules=(SHUT,)))
    assert deltas.keys() == set(HOSTS[:2])
    for delta in deltas.values():
        assert delta == GoalStateDelta(revision=2, network_acls={ACL.id: NetworkAcl(ACL.id, (SHUT,))})


def test_what_says_the_same_is_told_to_nobody() -> None:
    assert change(ACL)[1] == {}


def test_an_acl_comes_with_the_first_subnet_that_has_it_and_goes_with_the_last() -> None:
    _, deltas = change(msgspec.structs.replace(OTHER, network_acl=ACL.id))
    assert deltas.keys() == {HOSTS[2]}
    assert (deltas[HOSTS[2]].subnets.keys(), deltas[HOSTS[2]].network_acls.keys()) == ({OTHER.id}, {ACL.id})
    _, deltas = change(SUBNET)
    assert deltas.keys() == set(HOSTS[:2])
    assert {each for delta in deltas.values() for each in delta.removed_network_acls} == {ACL.id}


def test_an_acl_goes_with_the_last_port_of_its_subnet_on_the_host() -> None:
    _, deltas = change(port(0, 3))
    assert not deltas[HOSTS[0]].removed_network_acls
    assert deltas[HOSTS[3]].network_acls.keys() == {ACL.id}
    _, deltas = change(port(3, 3))
    assert deltas[HOSTS[1]].removed_network_acls == {ACL.id}


def test_acls_that_no_subnet_has_are_nothing_to_hosts() -> None:
    spare = NetworkAclRecord(ACLS[1], VPCS[0], (OPEN,))
    model, deltas = change(spare)
    assert not deltas
    assert compile_entry(model, LogEntry(3, (NetworkAclDeleted(spare.id, VPCS[0]),))).deltas == {}


def test_the_acls_of_a_vpc_go_with_it() -> None:
    model, deltas = change(VpcDeleted(VPCS[0]))
    assert deltas[HOSTS[0]].removed_network_acls == {ACL.id}
    assert not model.vpcs
