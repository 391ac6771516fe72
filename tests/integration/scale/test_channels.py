"""Scenarios whose hosts are reached as agents are: by streams of their own, over a message queue, by topics of VPCs."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from alcor.scale.result import Outcome
from tests.brokers import Broker

SPREAD = """
description = "small"
[hosts]
count = 8
per_connection = {per_connection}
[controller]
queue_above = 4
[[steps]]
do = "connect"
[[steps]]
do = "create-ports"
ports = 5
programming = "push"
security_group = true
[[steps]]
do = "spread"
change = "port"
changes = 4
rate = 20.0
idle_seconds = 0.0
[[steps]]
do = "spread"
change = "rule"
changes = 4
rate = 20.0
idle_seconds = 0.0
"""
PORT, RULE = 2, 3  # steps

pytestmark = pytest.mark.timeout(300)  # the first of them starts the broker


def scale(report: Path, *arguments: str) -> Outcome:
    command = [sys.executable, "-m", "alcor", "scale", "run", *arguments, "--timeout", "90", "--report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return msgspec.json.decode((report / "report.json").read_bytes(), type=Outcome)


def figure(found: Outcome, step: int, name: str) -> float:
    return next(figure.value for figure in found.steps[step].figures if figure.name == name)


def spread(directory: Path, per_connection: int, *arguments: str) -> Outcome:
    """Of five hosts, four hear of each port, and five of each rule."""
    path = directory / "spread.toml"
    path.write_text(SPREAD.format(per_connection=per_connection))
    found = scale(directory, str(path), *arguments)
    for step, hosts in ((PORT, 4), (RULE, 5)):
        measured = found.steps[step].distributions
        assert figure(found, step, "hosts that have to hear of it") == 5
        assert measured["request until a host knows"].count == 4 * hosts
        assert measured["request until all hosts know"].count == 4
    return found


@pytest.fixture
def queue(broker: Broker, namespace: str) -> str:
    return f"{broker.url}/{namespace}"


@pytest.mark.parametrize("per_connection", [1, 4], ids=["own streams", "shared streams"])
def test_all_hosts_hear_of_a_change_by_the_fast_path(tmp_path: Path, per_connection: int) -> None:
    found = spread(tmp_path, per_connection)
    assert figure(found, PORT, "goal states sent to hosts for a change") == 5
    assert figure(found, PORT, "learn by topic") == 0
    assert "cpu broker" not in found.series


def test_all_hosts_hear_of_a_change_by_the_topic_of_their_vpc(tmp_path: Path, queue: str) -> None:
    found = spread(tmp_path, 1, "--channel", "both", "--message-queue", queue)
    assert figure(found, PORT, "learn by topic") == 5
    assert 1 <= figure(found, PORT, "goal states sent to hosts for a change") < 5, "to the host that has the port"


def test_all_hosts_hear_of_a_change_over_the_message_queue(tmp_path: Path, queue: str) -> None:
    found = spread(tmp_path, 1, "--channel", "queue", "--message-queue", queue, "--queue-above", "none")
    assert figure(found, PORT, "goal states sent to hosts for a change") >= 5, "more to those that say hello again"
    assert figure(found, PORT, "learn by topic") == 0


def test_the_scenario_of_the_message_queue_alone(tmp_path: Path, queue: str) -> None:
    found = scale(tmp_path, "message-queue", "--hosts", "40", "--vpcs", "2", "--ports", "60", "--queue-above", "50",
                  "--changes", "4", "--message-queue", queue)  # fmt: skip
    assert found.passed
    assert max(value or 0 for value in found.series["connected hosts"].values) == 40
    assert [figure(found, number, "ports created") for number in (1, 2, 3)] == [120, 120, 120]
    assert figure(found, 4, "learn by topic") > 0


def test_the_scenario_end_to_end_with_a_broker_of_its_own(tmp_path: Path, pulsar_process: Broker) -> None:
    found = scale(tmp_path, "end-to-end", "--hosts", "40", "--vpcs", "1", "--ports", "60", "--queue-above", "50",
                  "--peers", "5", "--changes", "4")  # fmt: skip
    assert found.passed
    assert any("kill" in step.title for step in found.steps)
    assert max(value or 0 for value in found.series["cpu broker"].values) > 0


def test_who_has_no_broker_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "spread.toml"
    path.write_text(SPREAD.format(per_connection=1))
    command = [sys.executable, "-m", "alcor", "scale", "run", str(path), "--channel", "queue"]
    done = subprocess.run(
        [*command, "--controller", "http://127.0.0.1:1", "--southbound", "127.0.0.1:2"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "--message-queue" in done.stderr
