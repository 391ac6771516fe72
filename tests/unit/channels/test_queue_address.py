"""Where a message queue is, and whether hosts and controllers that show certificates may use it as it is."""

from pathlib import Path
from typing import Any

import pytest

from alcor.agent.settings import SettingsError, parse_settings
from alcor.channels.message_queue.address import parse_queue
from alcor.controller.settings import ControllerError, ControllerSettings

HOST = {"host_id": "host-1", "vtep_ip": "192.0.2.1", "data_directory": "/tmp/a"}


def agent(queue: str, **trust: Any) -> dict[str, Any]:
    return {**HOST, "controllers": ["192.0.2.10:9697"], "message_queue": queue, "trust": trust}


def test_what_hosts_say_has_a_namespace_of_its_own_where_rights_are_granted() -> None:
    plain, encrypted = parse_queue("pulsar://b:6650/public/alcor"), parse_queue("pulsar+ssl://b:6651/public/alcor")
    assert plain.from_hosts == plain.namespace
    assert encrypted.from_hosts == "public/alcor-from-hosts"


def test_brokers_are_found_at_the_usual_ports() -> None:
    assert parse_queue("pulsar://b-1,b-2:7650").servers == ["b-1:6650", "b-2:7650"]
    assert parse_queue("pulsar+ssl://192.0.2.1,[::1]:7651").servers == ["192.0.2.1:6651", "[::1]:7651"]


@pytest.mark.parametrize("queue", ["pulsar://192.0.2.3:6650", "pulsar://localhost,pulsar.example.org"])
def test_certificates_are_not_shown_beside_a_broker_that_shows_none(queue: str) -> None:
    with pytest.raises(SettingsError, match=r"message_queue: .*write pulsar\+ssl://"):
        parse_settings(agent(queue))
    with pytest.raises(ControllerError, match=r"write pulsar\+ssl://"):
        ControllerSettings(Path(), southbound="0.0.0.0:9697", message_queues=(f"cell-1={queue}",)).region_queues()
    parse_settings(agent(queue, secure=False))
    ControllerSettings(Path(), message_queues=(queue,)).region_queues()


@pytest.mark.parametrize("queue", ["pulsar+ssl://192.0.2.3:6651", "pulsar://127.0.0.1:6650", ""])
def test_certificates_are_shown_beside_a_broker_that_shows_one_or_is_on_this_machine(queue: str) -> None:
    parse_settings(agent(queue))
    queues = (queue,) if queue else ()
    ControllerSettings(Path(), southbound="0.0.0.0:9697", message_queues=queues).region_queues()
