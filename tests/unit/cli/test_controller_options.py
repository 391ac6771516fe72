"""What a controller does that nobody told otherwise."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from alcor.cli import controller
from alcor.controller.settings import ControllerSettings
from alcor.model.choices import DEFAULT_QUEUE_ABOVE, DEFAULT_QUEUE_GROUPS_ABOVE

QUEUE = ("--message-queue", "pulsar://broker:6650")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ControllerSettings]:
    """With which settings controllers were started."""
    found: list[ControllerSettings] = []

    async def start(settings: ControllerSettings, _create: object) -> None:
        found.append(settings)

    monkeypatch.setattr(controller, "run_controller", start)
    return found


@pytest.mark.parametrize(
    ("options", "vpcs", "groups"),
    [
        ((), None, None),
        (QUEUE, DEFAULT_QUEUE_ABOVE, DEFAULT_QUEUE_GROUPS_ABOVE),
        ((*QUEUE, "--queue-above", "7", "--queue-groups-above", "8"), 7, 8),
        ((*QUEUE, "--queue-above", "none", "--queue-groups-above", "none"), None, None),
    ],
    ids=["no message queue", "a message queue", "a number", "none"],
)
def test_what_many_hosts_learn_alike_has_topics_where_there_is_a_message_queue(
    started: list[ControllerSettings], tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...],
    vpcs: int | None, groups: int | None,
) -> None:  # fmt: skip
    start(tmp_path_factory.mktemp("controller"), *options)
    choices = started[0].choices
    assert (choices.queue_above, choices.queue_groups_above) == (vpcs, groups)


def test_cells_are_given_message_queues_one_by_one_or_with_blanks_between_them_in_the_environment(
    started: list[ControllerSettings], tmp_path: Path
) -> None:
    entries = ("pulsar://b:6650", "cell-1=pulsar://b-1:6650")
    start(tmp_path, "--message-queue", entries[0], "--message-queue", entries[1])
    start(tmp_path, ALCOR_MESSAGE_QUEUE=" ".join(entries))
    assert [each.message_queues for each in started] == [entries, entries]


def start(directory: Path, *options: str, **environment: str) -> None:
    arguments = ["--data-directory", str(directory), *options]
    done = CliRunner().invoke(controller.command, arguments, env=environment, auto_envvar_prefix="ALCOR")
    assert done.exit_code == 0, done.output
