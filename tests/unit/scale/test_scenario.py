"""Scenario files say what is done, and what is wrong with them is said."""

from pathlib import Path

import pytest

from alcor.scale import scenario
from alcor.scale.errors import ScaleError
from alcor.scale.runner import describe
from alcor.scale.scenario import Connect, CreatePorts, Hosts, Scenario, Wait

EXAMPLE = Scenario(
    description="example",
    hosts=Hosts(count=10),
    steps=[Connect(), CreatePorts(vpcs=2, ports=5), CreatePorts(ports=7), Wait(seconds=1.0)],
)


@pytest.mark.parametrize("name", scenario.names())
def test_the_scenarios_that_come_with_alcor_can_be_read_and_connect_their_hosts_first(name: str) -> None:
    found = scenario.read(name)
    assert found.description
    assert isinstance(found.steps[0], Connect)
    assert all(describe(step) for step in found.steps)


def test_the_scenarios_asked_for_are_there() -> None:
    suites = {f"suite-{number}" for number in range(1, 6)}
    southbound = {"fast-path", "message-queue", "end-to-end", "spread"}
    others = {"smoke", "million-hosts", "big-vpc", "storm", "on-demand-questions"}
    assert suites | southbound | others <= set(scenario.names())


def test_a_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "mine"\n[hosts]\ncount = 3\n[[steps]]\ndo = "connect"\n')
    assert scenario.read(str(path)) == Scenario(description="mine", hosts=Hosts(count=3), steps=[Connect()])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("description = ", "mine.toml"),
        ('description = "x"\nsteps = []\n', "hosts"),
        ('description = "x"\nsteps = []\n[hosts]\ncount = 0\n', "hosts.count"),
        ('description = "x"\nsteps = []\n[hosts]\ncount = 1\nchannel = "post"\n', "hosts.channel"),
        ('description = "x"\nsteps = []\n[hosts]\ncount = 1\nchannel = "both"\ndigests = true\n', "say digests"),
        ('description = "x"\nsteps = []\n[hosts]\ncount = 1\n[controller]\nqueue_above = "x"\n', "queue_above"),
        ('description = "x"\n[hosts]\ncount = 1\n[[steps]]\ndo = "dance"\n', "dance"),
        ('description = "x"\n[hosts]\ncount = 1\n[[steps]]\ndo = "wait"\nsecond = 1.0\n', "second"),
    ],
    ids=[
        "no TOML",
        "no hosts",
        "too few hosts",
        "an unknown channel",
        "digests on own streams",
        "no number",
        "an unknown step",
        "an unknown field",
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScaleError, match=reason):
        scenario.read(str(path))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ScaleError, match="smoke"):
        scenario.read("smokes")


def test_other_numbers_are_set_wherever_they_belong() -> None:
    found = scenario.override(EXAMPLE, hosts=99, processes=2, vpcs=4, rate=None)
    assert (found.hosts.count, found.hosts.processes) == (99, 2)
    assert [step.vpcs for step in found.steps if isinstance(step, CreatePorts)] == [4, 4]
    assert [step.ports for step in found.steps if isinstance(step, CreatePorts)] == [5, 7]
    assert scenario.override(EXAMPLE) == EXAMPLE


def test_how_hosts_are_told_is_set_and_above_what_size_vpcs_have_topics() -> None:
    found = scenario.override(EXAMPLE, channel="both", queue_above=7)
    assert (found.hosts.channel, found.controller.queue_above) == ("both", 7)
    assert scenario.override(EXAMPLE, channel="queue", queue_above="none").controller.queue_above == "none"
    told = scenario.override(EXAMPLE, queue_above=7, queue_groups_above="none").controller
    assert told.options() == ["--queue-above", "7", "--queue-groups-above", "none"]


@pytest.mark.parametrize("values", [{"iterations": 5}, {"vpcs": 0}], ids=["no step has it", "not allowed"])
def test_numbers_that_belong_nowhere_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ScaleError):
        scenario.override(EXAMPLE, **values)
