"""``alcor trace --live``: where the controller and the hosts' data planes disagree."""

from typing import Any

import pytest

from alcor.cli.live_trace import at_receiver, at_sender

VTEP, ELSEWHERE = "192.0.2.2", "host-1 → host-2 (VTEP 192.0.2.2)"


def step(name: str, verdict: str, detail: str = "", resource: dict[str, Any] | None = None) -> dict[str, Any]:
    said = {"step": name, "verdict": verdict, "reason": f"{name}.", "detail": detail, "resource": resource}
    return {"way": "there", **said}


def steps(*stopping: str, elsewhere: str = ELSEWHERE, verdict: str = "stops") -> list[dict[str, Any]]:
    """The way of a packet, and of its answer, that ends at these steps."""
    names = ["sender", "security groups of sender", "route", "delivery", "receiver"]
    names += ["network ACL of receiver's subnet", "security groups of receiver"]
    there = [step(name, verdict if name in stopping else "passes") for name in names]
    there[3] |= {"detail": elsewhere, "resource": {"type": "node", "id": "host-2"}}
    there[4] |= {"resource": {"type": "port", "id": "p-1"}}
    return [*there, {"way": "back", "step": "source", "verdict": "stops" if "back" in stopping else "passes"}]


def fate(outcome: str, **said: Any) -> dict[str, Any]:
    return {"outcome": outcome, "port_id": "p-1", "vtep": VTEP, "where": "", **said}


@pytest.mark.parametrize(
    ("stopping", "outcome", "agree"),
    [
        ((), "tunnelled", True),
        ((), "dropped", False),
        ((), "delivered", False),
        ((), "asked", None),
        (("back",), "tunnelled", True),
        (("route",), "dropped", True),
        (("route",), "asked", None),
        (("route",), "tunnelled", False),
        (("security groups of sender",), "tunnelled", False),
        (("receiver",), "tunnelled", True),
        (("receiver",), "dropped", True),
        (("security groups of receiver",), "tunnelled", True),
        (("security groups of receiver",), "dropped", False),
        (("network ACL of receiver's subnet",), "tunnelled", True),
    ],
)
def test_the_senders_host_is_compared_as_far_as_the_tunnel(
    stopping: tuple[str, ...], outcome: str, agree: bool | None
) -> None:
    assert at_sender(steps(*stopping), fate(outcome)).agree is agree


@pytest.mark.parametrize(
    ("stopping", "outcome", "agree"),
    [
        ((), "delivered", True),
        ((), "served", True),
        ((), "tunnelled", False),
        ((), "dropped", False),
        (("route",), "delivered", False),
        (("security groups of receiver",), "delivered", False),
        (("security groups of receiver",), "dropped", True),
    ],
)
def test_of_a_receiver_on_the_same_host_all_is_compared(
    stopping: tuple[str, ...], outcome: str, agree: bool | None
) -> None:
    assert at_sender(steps(*stopping, elsewhere=""), fate(outcome)).agree is agree


@pytest.mark.parametrize(
    ("stopping", "outcome", "agree"),
    [
        ((), "delivered", True),
        ((), "dropped", False),
        ((), "asked", None),
        (("route",), "delivered", True),
        (("security groups of receiver",), "delivered", False),
        (("network ACL of receiver's subnet",), "dropped", True),
        (("receiver",), "dropped", True),
    ],
)
def test_the_receivers_host_is_compared_from_the_tunnel_on(
    stopping: tuple[str, ...], outcome: str, agree: bool | None
) -> None:
    assert at_receiver(steps(*stopping), fate(outcome)).agree is agree


def test_where_the_controller_says_otherwise_is_told() -> None:
    for compared, otherwise in (
        (at_sender(steps("route"), fate("tunnelled")), "it stops at route: route."),
        (at_sender(steps(), fate("dropped")), f"it goes to another host, {ELSEWHERE}."),
        (at_sender(steps(), fate("tunnelled", vtep="192.0.2.3")), f"it goes to another host, {ELSEWHERE}."),
        (at_sender(steps(elsewhere=""), fate("dropped")), "it passes."),
        (at_sender(steps(elsewhere=""), fate("delivered", port_id="p-2")), "port p-1 receives it."),
        (at_sender([step("receiver", "stops")], fate("tunnelled")), "it stops at receiver: receiver."),
        (at_sender([step("router", "passes")], fate("tunnelled")), "it does not go to another host."),
        (at_receiver(steps(), fate("delivered", port_id="p-2")), "port p-1 receives it."),
        (at_receiver(steps(), fate("dropped")), "it passes."),
    ):
        assert compared.agree is False
        assert compared.sentence.startswith(f"The controller says otherwise: {otherwise} Does the host follow?")


def test_what_a_caller_is_not_shown_is_not_held_against_the_data_plane() -> None:
    hidden = steps()
    for each in hidden[3:5]:
        each |= {"detail": "", "resource": {"type": each["resource"]["type"], "id": None}}
    assert at_sender(hidden, fate("tunnelled")).agree is True
    assert at_receiver(hidden, fate("delivered")).agree is True


def test_of_what_the_controller_cannot_tell_a_drop_is_no_disagreement() -> None:
    assert at_sender(steps("receiver", verdict="unknown"), fate("dropped")).agree is None
    assert at_receiver(steps("receiver", verdict="unknown"), fate("dropped")).agree is None
    assert at_receiver(steps("receiver", verdict="unknown"), fate("delivered")).agree is True


def test_where_a_route_has_several_ways_the_data_plane_may_choose_another() -> None:
    several = steps("route", verdict="unknown")
    assert at_sender(several, fate("tunnelled", vtep="192.0.2.3")).agree is True
    assert at_sender(several, fate("delivered", port_id="p-2")).agree is True
    assert at_receiver(several, fate("delivered", port_id="p-2")).agree is True


def test_a_workload_that_forwards_ends_what_is_compared() -> None:
    way = [*steps()[:-1], step("workload", "unknown"), step("security groups of sender", "stops")]
    assert at_sender(way, fate("tunnelled")).agree is True
    assert at_receiver(way, fate("delivered")).agree is True


def test_it_is_told_in_words() -> None:
    assert at_sender(steps(), fate("tunnelled", where="tunnel")).words == (
        "sends it to the tunnel end point 192.0.2.2 (tunnel)"
    )
    assert at_receiver(steps(), fate("delivered")).words == "delivers it to port p-1"
