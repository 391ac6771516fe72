"""The settings that nobody chose fit together: a host that is cut off is led back before a controller gives it up."""

from pathlib import Path

from alcor.agent.rescue.rescue import LOOK_SECONDS, patience_of
from alcor.agent.settings import AgentSettings
from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.fast_path.options import CONTROLLERS_KEEPALIVE, Keepalive
from alcor.controller.settings import ControllerSettings

DEAD_NEIGHBOURS = 2  # that are asked first
CONNECTING = 1.0  # by a neighbour that leads


def test_a_host_is_led_back_within_the_grace_though_two_neighbours_are_dead() -> None:
    rescue = patience_of(AgentSettings("h", ("c:1",), "192.0.2.1", "/d").rescue_after, has_queue=False)
    notices = Keepalive().interval + Keepalive().timeout
    asks = 1.5 * rescue.after + LOOK_SECONDS + 2 * Backoff().first + rescue.timeout
    led = notices + asks + DEAD_NEIGHBOURS * rescue.timeout + CONNECTING
    grace = ControllerSettings(Path("/d")).host_grace
    given_up = CONTROLLERS_KEEPALIVE.interval + CONTROLLERS_KEEPALIVE.timeout + grace
    assert led < given_up
