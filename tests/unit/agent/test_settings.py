"""A wrong configuration is refused by naming the key and what to write."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from alcor.agent.settings import SAMPLE, SettingsError, load_settings, parse_settings

VALUES = tomllib.loads(SAMPLE)


def test_the_sample_is_a_configuration() -> None:
    settings = parse_settings(VALUES)
    assert settings.controllers == ("192.0.2.10:9697",)
    assert settings.ovs.integration_bridge == "br-int"
    assert settings.socket_path() == Path("/var/lib/alcor/agent.sock")


def test_the_socket_may_be_elsewhere() -> None:
    assert parse_settings(VALUES | {"socket": "/run/a.sock"}).socket_path() == Path("/run/a.sock")


@pytest.mark.parametrize("key", ["host_id", "controllers", "vtep_ip", "data_directory"])
def test_what_is_missing_is_named_with_an_example(key: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != key}
    with pytest.raises(SettingsError, match=f"{key} is missing; write for example {key} = "):
        parse_settings(values)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"drivr": "ovs"}, "unknown field `drivr`.*known keys: host_id"),
        ({"driver": "ebpf"}, "driver"),
        ({"vtep_ip": "host"}, "vtep_ip"),
        ({"vtep_ip": "2001:db8::1"}, "vtep_ip"),
        ({"controllers": ["localhost"]}, "HOST:PORT"),
        ({"controllers": "localhost:1"}, "controllers"),
        ({"ovs": {"bridge": "x"}}, "bridge"),
        ({"dhcp_lease_seconds": 0}, "dhcp_lease_seconds"),
        ({"flood_copies": -1}, "flood_copies"),
        ({"flood_copies": 1025}, "flood_copies"),
        ({"data_directory": "/" + "x" * 120}, "socket"),
        ({"log_level": "loud"}, "log_level"),
        ({"trust": {"token": "alcor-x"}}, "trust.authority is missing"),
        ({"trust": {"authority": "sha256:short"}}, "trust.authority"),
        ({"trust": {"enrolment": ["host"]}}, "trust.enrolment"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_settings(VALUES | wrong)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        load_settings(tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="not TOML"):
        load_settings(broken)
    broken.write_text("host_id =")
    with pytest.raises(SettingsError, match="not TOML"):
        load_settings(broken)


@pytest.mark.parametrize(
    ("controllers", "said", "secure"),
    [
        (["127.0.0.1:9697"], {}, False),
        (["unix:/run/agents"], {}, False),
        (["127.0.0.1:9697", "192.0.2.10:9697"], {}, True),
        (["192.0.2.10:9697"], {"secure": False}, False),
        (["unix:/run/agents"], {"secure": True}, True),
    ],
)
def test_certificates_are_shown_beyond_this_machine_unless_something_else_is_said(
    controllers: list[str], said: dict[str, bool], secure: bool
) -> None:
    settings = parse_settings(VALUES | {"controllers": controllers, "trust": said})
    assert settings.trust.is_secure(settings.controllers) is secure
