"""``alcor scale`` runs scenarios against real controllers, reports, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from alcor.scale.controller import OwnController
from alcor.scale.result import Outcome

SMALL = """
description = "small"
[hosts]
count = 20
processes = 2
per_connection = 5
[[steps]]
do = "connect"
[[steps]]
do = "create-ports"
vpcs = 2
ports = 10
clients = 2
"""


def scale(*arguments: str, timeout: float = 90) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "alcor", "scale", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def outcome(directory: Path) -> Outcome:
    return msgspec.json.decode((directory / "report.json").read_bytes(), type=Outcome)


def figure(found: Outcome, step: int, name: str) -> float:
    return next(figure.value for figure in found.steps[step].figures if figure.name == name)


def test_the_smoke_scenario_passes_with_every_fault(tmp_path: Path) -> None:
    done = scale("run", "smoke", "--report", str(tmp_path / "report"))
    assert done.returncode == 0, done.stdout + done.stderr
    found = outcome(tmp_path / "report")
    assert found.passed
    assert "<svg" in (tmp_path / "report" / "report.html").read_text()
    waited_for = [step.distributions["request to programmed"].count for step in found.steps[1:3]]
    assert waited_for == [200, 1000]
    assert "request to ACTIVE, sampled by the API" in found.steps[1].distributions
    assert max(value or 0 for value in found.series["connected hosts"].values) == 200
    assert "cut 50% of the connections" in done.stdout
    killed = next(number for number, step in enumerate(found.steps) if "kill" in step.title)
    assert figure(found, killed, "snapshots sent") == 0, "who has everything is sent nothing"


def test_numbers_are_overridden_and_hosts_spread_over_processes(tmp_path: Path, small: Path) -> None:
    done = scale("run", str(small), "--hosts", "30", "--ports", "15", "--report", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    found = outcome(tmp_path)
    assert figure(found, 0, "hosts connected and up to date") == 30
    assert figure(found, 1, "ports created") == 30
    assert {"cpu hosts-1", "cpu hosts-2", "memory controller"} <= found.series.keys()


def test_hosts_ask_for_their_peers_and_hear_of_those_that_move(tmp_path: Path) -> None:
    done = scale("run", "on-demand-questions", "--hosts", "30", "--ports", "60", "--peers", "4",
                 "--processes", "2", "--report", str(tmp_path))  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = outcome(tmp_path)
    assert figure(found, 1, "neighbours told to hosts") == 0, "hosts have to ask"
    hosts = [figure(found, number, "hosts that ask") for number in (2, 3)]
    assert hosts[0] == 30
    assert 20 <= hosts[1] <= 30, "some have no port left once peers have moved"
    assert [figure(found, number, "peers asked for") for number in (2, 3)] == [4 * count for count in hosts]
    assert [figure(found, number, "of them not there") for number in (2, 3)] == [0, 0]
    messages = [found.steps[number].distributions["question to answer"].count for number in (2, 3)]
    assert messages == [4 * hosts[0], hosts[1]], "first one peer in a message, then all of a host"
    assert figure(found, 2, "peers moved") == 20
    told = found.steps[2].distributions["request for a move until a host that asked knows"].count
    assert told == figure(found, 2, "news of them heard") == 40, "each peer was asked for by two hosts"
    assert max(value or 0 for value in found.series["peers answered"].values) == 4 * sum(hosts)


def test_hosts_that_were_told_ahead_have_nothing_to_ask(small: Path) -> None:
    small.write_text(SMALL + '[[steps]]\ndo = "ask-peers"\n')
    done = scale("run", str(small))
    assert done.returncode == 1
    assert "no ports in VPCs on demand" in done.stdout.replace("\n", " ")


async def test_a_controller_that_runs_already_is_tested_twice_and_left_alone(small: Path) -> None:
    with OwnController() as controller:
        controller.start()
        await controller.wait_until_ready()
        for _ in range(2):
            done = scale("run", str(small), "--controller", controller.url, "--southbound", controller.southbound)
            assert done.returncode == 0, done.stdout + done.stderr
        assert controller.process_id is not None


def test_what_does_not_come_to_be_fails_the_test_and_is_said(small: Path) -> None:
    small.write_text(SMALL.replace("[hosts]", "[hosts]\nprogramming_seconds = 60.0"))
    done = scale("run", str(small), "--timeout", "1")
    assert done.returncode == 1
    assert "waited 1 s for 20 ports to be programmed" in done.stdout.replace("\n", " ")


def test_an_unknown_scenario_is_answered_with_the_known_ones() -> None:
    done = scale("run", "nonsense")
    assert done.returncode == 1
    assert "million-hosts" in done.stderr
    assert "million-hosts" in scale("list").stdout


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary directory of tests started now; its name is short enough for unix sockets."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_it_is_interrupted(small: Path, temporary: Path, number: signal.Signals) -> None:
    waits = small.with_name("waits.toml")
    waits.write_text(SMALL + '[[steps]]\ndo = "wait"\nseconds = 60.0\n')
    command = [sys.executable, "-m", "alcor", "scale", "run", str(waits)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "wait 60 s" in line:
                break
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3  # a controller and two fleets
        process.send_signal(number)
        process.wait(30)
        deadline = time.monotonic() + 30
        while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children):
            assert time.monotonic() < deadline, "something is left"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    if number is signal.SIGKILL:
        assert list(temporary.iterdir()), "nobody could remove it"
        assert scale("run", str(small)).returncode == 0
    assert list(temporary.iterdir()) == []


def test_hosts_that_show_certificates_connect_ask_and_come_back(tmp_path: Path) -> None:
    scenario = tmp_path / "secure.toml"
    asking = '[[steps]]\ndo = "ask-peers"\npeers = 5\nat_once = 5\nclients = 4\n'
    cutting = '[[steps]]\ndo = "cut-connections"\naway_seconds = 0.1\n'
    more = f'{SMALL}programming = "on_demand"\n{asking}{cutting}'
    scenario.write_text(more)
    ended = scale("run", str(scenario), "--secure", timeout=110)
    assert ended.returncode == 0, ended.stdout + ended.stderr
