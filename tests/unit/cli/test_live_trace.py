"""``alcor trace --live``: where controller and data plane disagree."""

from typing import Any

import pytest

from alcor.cli.live_trace import compared


def steps(*stopping: str) -> list[dict[str, Any]]:
    """The way of a packet, and of its answer, that ends at these steps."""
    names = ["sender", "security groups of sender", "route", "delivery", "receiver"]
    names += ["network ACL of receiver's subnet", "security groups of receiver"]
    there = [{"way": "there", "step": name, "verdict": "stops" if name in stopping else "passes"} for name in names]
    return [*there, {"way": "back", "step": "source", "verdict": "stops" if "back" in stopping else "passes"}]


def fate(outcome: str, **said: Any) -> dict[str, Any]:
    return {"outcome": outcome, "port_id": None, "vtep": None, "where": "", **said}


@pytest.mark.parametrize(
    ("stopping", "outcome", "agree"),
    [
        ((), "delivered", True),
        ((), "tunnelled", True),
        ((), "served", True),
        ((), "dropped", False),
        (("back",), "delivered", True),
        (("route",), "dropped", True),
        (("route",), "delivered", False),
        (("security groups of sender",), "tunnelled", False),
        (("security groups of receiver",), "tunnelled", True),
        (("network ACL of receiver's subnet",), "tunnelled", True),
        (("security groups of receiver",), "delivered", False),
        (("security groups of receiver",), "dropped", True),
        ((), "asked", None),
        (("route",), "asked", None),
    ],
)
def test_what_the_data_plane_does_is_compared(stopping: tuple[str, ...], outcome: str, agree: bool | None) -> None:
    assert compared(steps(*stopping), fate(outcome)).agree is agree


def test_it_is_told_in_words() -> None:
    said = fate("tunnelled", vtep="192.0.2.2", where="tunnel")
    assert compared(steps(), said).words == "sends it to the tunnel end point 192.0.2.2 (tunnel)"
    assert compared(steps(), fate("delivered", port_id="p-1")).words == "delivers it to port p-1 on this host"
