"""What a controller does that nobody told otherwise."""

import pytest
from click.testing import CliRunner

from alcor.cli import controller
from alcor.controller.settings import ControllerSettings
from alcor.model.choices import DEFAULT_QUEUE_ABOVE

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
    ("options", "queue_above"),
    [
        ((), None),
        (QUEUE, DEFAULT_QUEUE_ABOVE),
        ((*QUEUE, "--queue-above", "7"), 7),
        ((*QUEUE, "--queue-above", "none"), None),
    ],
    ids=["no message queue", "a message queue", "a number", "none"],
)
def test_large_vpcs_have_topics_where_there_is_a_message_queue(
    started: list[ControllerSettings], tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...],
    queue_above: int | None,
) -> None:  # fmt: skip
    directory = ("--data-directory", str(tmp_path_factory.mktemp("controller")))
    done = CliRunner().invoke(controller.command, [*directory, *options])
    assert done.exit_code == 0, done.output
    assert started[0].choices.queue_above == queue_above
