"""What Nova is told of who asks, and what of the rest it is given."""

import msgspec
import pytest

from alcor.agent.metadata.question import identity, passed_back, passed_on
from alcor.agent.metadata.settings import MetadataSettings
from tests.unit.agent.goal_states import SUBNET_ID, port

SERVER = msgspec.structs.replace(port(1), device_id="9c3d3c0a", project_id="5b1f")
SIGNATURE = "21e0691a6c3fa8636466da4390605883c4c6112654dabe3589b8db2ea5573d6c"


def test_nova_is_told_the_server_its_project_and_an_address_and_signed_the_server() -> None:
    """The signature is that of `printf 9c3d3c0a | openssl dgst -sha256 -hmac secret`."""
    assert identity(SERVER, "secret") == [
        (b"X-Instance-ID", b"9c3d3c0a"),
        (b"X-Tenant-ID", b"5b1f"),
        (b"X-Instance-ID-Signature", SIGNATURE.encode()),
        (b"X-Forwarded-For", b"10.0.0.1"),
    ]


def test_the_ipv4_address_is_told_when_there_is_one() -> None:
    addresses = ((SUBNET_ID, "2001:db8::1"), (SUBNET_ID, "10.0.0.1"))
    for fixed_ips, told in ((addresses, b"10.0.0.1"), (addresses[:1], b"2001:db8::1")):
        said = identity(msgspec.structs.replace(SERVER, fixed_ips=fixed_ips), "secret")
        assert said is not None
        assert said[-1] == (b"X-Forwarded-For", told)


@pytest.mark.parametrize(
    "changes",
    [
        {"device_id": ""},
        {"project_id": ""},
        {"fixed_ips": ()},
        {"device_id": "a\r\nX-Tenant-ID: b"},
        {"device_id": "ü"},
    ],
)
def test_a_port_that_cannot_be_named_is_no_servers(changes: dict[str, object]) -> None:
    assert identity(msgspec.structs.replace(SERVER, **changes), "secret") is None


def test_of_a_workloads_headers_those_are_passed_on_that_nova_cannot_take_for_its_own() -> None:
    given = [
        (b"accept", b"*/*"), (b"X-Instance-ID", b"a"), (b"x_tenant_id", b"b"), (b"Forwarded", b"c"), (b"Host", b"d"),
        (b"Connection", b"e"), (b"Content-Length", b"7"), (b"User-Agent", b"curl"),
    ]  # fmt: skip
    assert passed_on(given) == [(b"accept", b"*/*"), (b"User-Agent", b"curl")]


def test_what_concerns_one_connection_only_is_not_passed_back() -> None:
    given = [(b"Transfer-Encoding", b"chunked"), (b"Connection", b"close"), (b"Content-Type", b"text/plain")]
    assert passed_back(given) == [(b"Content-Type", b"text/plain")]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (MetadataSettings(), None),
        (MetadataSettings("http://192.0.2.1:8775", "s"), None),
        (
            MetadataSettings("192.0.2.1:8775", "s"),
            'metadata.url = "192.0.2.1:8775" must be as "http://192.0.2.10:8775"',
        ),
        (
            MetadataSettings("http://192.0.2.1:8775"),
            "metadata.shared_secret is missing: write Nova's metadata_proxy_shared_secret",
        ),
    ],
)
def test_settings_that_cannot_work_say_what_is_wrong(settings: MetadataSettings, said: str | None) -> None:
    assert settings.problem() == said
