"""The page of ``alcor trace``: each step with what decides it."""

from typing import Any

import pytest

from alcor.cli.trace import show


def step(**said: Any) -> dict[str, Any]:
    usual = {"way": "there", "step": "receiver", "verdict": "passes", "reason": "It works.", "resource": None}
    return {**usual, "detail": "", "advice": "", **said}


def test_each_step_names_what_decides_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    group = {"type": "security_group", "id": "g-1", "name": "web"}
    steps = [
        step(step="sender", resource={"type": "port", "id": "p-1", "name": ""}),
        step(verdict="stops", reason="No rule.", resource=group, detail="security groups: web", advice="Add one."),
        step(way="back", resource={"type": "node", "id": None, "name": ""}),
    ]
    show({"packet": "icmp 10.0.0.1 → 10.0.0.2", "verdict": "stops", "steps": steps})
    assert capsys.readouterr().out.splitlines() == [
        "icmp 10.0.0.1 → 10.0.0.2",
        "  passes   sender    It works.",
        "                     port p-1",
        "  stops    receiver  No rule.",
        "                     security group web (g-1): security groups: web",
        "                     to do: Add one.",
        "  the answer:",
        "  passes   receiver  It works.",
        "                     a node that you are not shown",
        "It does not pass.",
    ]
