"""The data plane is told each network ACL once, and of each port which of them its subnets have."""

from pathlib import Path

import pytest

from alcor.dataplane.driver import Change, State
from alcor.dataplane.network_acls import NetworkAcl, NetworkAclRule, SubnetAcl
from alcor.dataplane.security_groups import Prefix
from alcor.dataplane.subnet_acls import data_plane_acl, subnet_acls
from alcor.model import goal_state, records
from alcor.model.goal_state import GoalStateDelta, Port, Subnet
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import ACL_ID, MACS, SUBNET_ID, acl_rule, port, port_id, subnet

OTHER_ACL = b"other-acl".ljust(16, b"\0")
SIXTH = b"subnet-6".ljust(16, b"\0")
BOTH = Port(port_id(1), 1, MACS[1], ((SIXTH, "2001:db8::1"), (SUBNET_ID, "10.0.0.1"), (SUBNET_ID, "10.0.0.2")))


def acl(*rules: records.NetworkAclRule, acl_id: bytes = ACL_ID) -> goal_state.NetworkAcl:
    return goal_state.NetworkAcl(acl_id, rules)


def test_a_rule_means_the_same_to_the_data_plane() -> None:
    ping = records.NetworkAclRule(7, False, False, True, "2001:db8::/32", 58, icmp_type=128, icmp_code=0)
    web = records.NetworkAclRule(100, True, True, False, "10.0.0.0/8", 6, 80, 88)
    assert data_plane_acl(acl(ping, web)) == NetworkAcl(
        ACL_ID,
        (
            NetworkAclRule(
                7, False, False, 6, Prefix(bytes.fromhex("20010db8") + bytes(12), 32), 58, icmp_type=128, icmp_code=0
            ),
            NetworkAclRule(100, True, True, 4, Prefix(bytes((10, 0, 0, 0)), 8), 6, 80, 88),
        ),
    )


def test_a_port_names_all_its_subnets_when_one_has_an_acl() -> None:
    subnets = {
        SUBNET_ID: subnet(network_acl=ACL_ID),
        SIXTH: Subnet(SIXTH, 1, "2001:db8::/64", "", True),
    }
    assert subnet_acls(BOTH, subnets) == (
        SubnetAcl(6, 0x20010DB8 << 96, ((1 << 64) - 1) << 64),
        SubnetAcl(4, 0x0A000000, 0xFFFFFF00, ACL_ID),
    )


@pytest.mark.parametrize("subnets", [{}, {SUBNET_ID: subnet()}])
def test_a_port_of_subnets_without_acls_names_none(subnets: dict[bytes, Subnet]) -> None:
    assert subnet_acls(BOTH, subnets) == ()


class Told:
    """What the data plane of an agent is told from now on."""

    def __init__(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        self.changes: list[Change] = []
        self.states: list[State] = []
        apply, replace = core.driver.apply, core.driver.replace

        async def watched_apply(change: Change) -> dict[bytes, str]:
            self.changes.append(change)
            return await apply(change)

        async def watched_replace(state: State) -> dict[bytes, str]:
            self.states.append(state)
            return await replace(state)

        monkeypatch.setattr(core.driver, "apply", watched_apply)
        monkeypatch.setattr(core.driver, "replace", watched_replace)


async def test_changes_are_told_as_differences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(tmp_path)
    core.driver.attach(port_id(1))
    told = Told(core, monkeypatch)
    whole = GoalStateDelta(
        revision=1,
        snapshot=True,
        ports={port_id(1): port()},
        subnets={SUBNET_ID: subnet(network_acl=ACL_ID)},
        network_acls={ACL_ID: acl(acl_rule())},
    )
    await core.deliver(whole)
    assert told.states[0].network_acls == {ACL_ID: data_plane_acl(acl(acl_rule()))}
    assert [each.acl for each in told.states[0].endpoints[port_id(1)].network_acls] == [ACL_ID]
    told.changes.clear()

    denied = acl(acl_rule(allow=False))
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, network_acls={ACL_ID: denied}))
    assert told.changes == [Change(network_acls={ACL_ID: data_plane_acl(denied)})]

    another = GoalStateDelta(
        revision=3,
        base_revision=2,
        subnets={SUBNET_ID: subnet(network_acl=OTHER_ACL)},
        removed_network_acls={ACL_ID},
        network_acls={OTHER_ACL: acl(acl_id=OTHER_ACL)},
    )
    await core.deliver(another)
    change = told.changes[-1]
    assert (change.removed_network_acls, change.network_acls.keys()) == ({ACL_ID}, {OTHER_ACL})
    assert [each.acl for each in change.endpoints[port_id(1)].network_acls] == [OTHER_ACL]

    without_dhcp = GoalStateDelta(
        revision=4, base_revision=3, subnets={SUBNET_ID: subnet(gateway_ip="", network_acl=OTHER_ACL)}
    )
    await core.deliver(without_dhcp)
    assert told.changes[-1] is change, "what DHCP answers is nothing to the data plane"


async def test_an_agent_that_starts_again_tells_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(tmp_path)
    whole = GoalStateDelta(
        revision=1,
        snapshot=True,
        subnets={SUBNET_ID: subnet(network_acl=ACL_ID)},
        network_acls={ACL_ID: acl(acl_rule())},
    )
    await core.deliver(whole)
    later = Core(tmp_path)
    told = Told(later, monkeypatch)
    await later.reconciler.step()
    assert told.states[0].network_acls == {ACL_ID: data_plane_acl(acl(acl_rule()))}
