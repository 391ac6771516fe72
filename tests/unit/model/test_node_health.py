"""Who is at fault when hosts do not reach each other."""

from itertools import permutations

from alcor.model.node_health import (
    GONE,
    NOT_WITH_FULL_PACKETS,
    REPAIRING,
    UNREACHABLE,
    Judge,
    NodeState,
    Said,
    Way,
)

HOSTS = ["a", "b", "c", "d", "e"]
SERVED = dict.fromkeys(HOSTS, "")
SAID = {host: Said(probed=4) for host in HOSTS}


def way(host_id: str, peer_id: str, fault: str = UNREACHABLE, since: int = 100) -> Way:
    return Way(host_id, peer_id, fault, since)


def states(judge: Judge) -> dict[str, NodeState]:
    return {host: judge.health(host).state for host in HOSTS if judge.health(host).state is not NodeState.UP}


def test_a_host_of_which_nothing_is_said_is_up_while_it_is_served() -> None:
    judge = Judge({"a": ""}, {}, [])
    assert judge.health("a").state is NodeState.UP
    assert judge.health("b").state is NodeState.DOWN
    assert judge.health("b").reasons == ("its agent is connected to no controller",)


def test_what_an_agent_says_of_its_data_plane_degrades_its_host() -> None:
    for said, reason in (
        (Said(GONE, "no ovs-vswitchd", since=7), "its data plane is gone: no ovs-vswitchd"),
        (Said(REPAIRING, since=7), "its data plane is being repaired"),
        (Said(trouble="the disk is full", since=7), "the disk is full"),
    ):
        health = Judge({"a": ""}, {"a": said}, []).health("a")
        assert (health.state, health.reasons, health.since) == (NodeState.DEGRADED, (reason,), 7)
        assert health.data_plane == said.data_plane


def test_a_cut_between_two_hosts_is_told_by_both_and_by_no_other() -> None:
    judge = Judge(SERVED, SAID, [way("a", "b", since=5), way("b", "a", since=6)])
    assert states(judge) == {"a": NodeState.DEGRADED, "b": NodeState.DEGRADED}
    assert judge.health("a").reasons == ("it does not reach b", "b does not reach it")
    assert judge.health("a").since == 5


def test_a_host_that_reaches_nobody_is_at_fault_and_the_others_are_not() -> None:
    judge = Judge(SERVED, SAID, [way("a", peer) for peer in "bcd"])
    assert states(judge) == {"a": NodeState.DEGRADED}
    assert judge.health("a").reasons == ("it does not reach 3 of the 4 hosts that it probes",)


def test_a_host_that_nobody_reaches_is_at_fault_and_the_others_are_not() -> None:
    judge = Judge(SERVED, SAID, [way(host, "a") for host in "bcd"])
    assert states(judge) == {"a": NodeState.DEGRADED}
    assert judge.health("a").reasons == ("3 hosts do not reach it",)


def test_the_one_that_is_cut_off_of_three_is_at_fault() -> None:
    said = {host: Said(probed=2) for host in "abc"}
    judge = Judge(dict.fromkeys("abc", ""), said, [way("a", "b"), way("a", "c"), way("b", "a"), way("c", "a")])
    assert judge.health("a").state is NodeState.DEGRADED
    assert [judge.health(host).state for host in "bc"] == [NodeState.UP, NodeState.UP]


def test_a_host_that_is_down_is_nobody_elses_fault_and_it_is_said_that_its_agent_answers_nobody() -> None:
    judge = Judge(dict.fromkeys("bcde", ""), SAID, [way(host, "a") for host in "bc"])
    assert states(judge) == {"a": NodeState.DOWN}
    assert judge.health("a").reasons == ("its agent is connected to no controller", "2 hosts do not reach it")


def test_full_packets_that_do_not_pass_are_told_as_such() -> None:
    judge = Judge(SERVED, SAID, [way("a", "b", NOT_WITH_FULL_PACKETS)])
    assert judge.health("a").reasons == ("it does not reach b with packets of full size",)
    assert judge.health("b").reasons == ("a does not reach it with packets of full size",)


def test_when_nobody_reaches_anybody_all_are_degraded() -> None:
    judge = Judge(SERVED, SAID, [way(one, other) for one, other in permutations(HOSTS, 2)])
    assert states(judge) == dict.fromkeys(HOSTS, NodeState.DEGRADED)


def test_a_host_that_a_neighbour_leads_to_its_controller_is_degraded_and_the_neighbour_is_not() -> None:
    judge = Judge({"a": "b", "b": ""}, {}, [])
    assert judge.health("a").state is NodeState.DEGRADED
    assert judge.health("a").reasons == ("it reaches no controller itself, and is led to one by b",)
    assert judge.health("b").state is NodeState.UP
