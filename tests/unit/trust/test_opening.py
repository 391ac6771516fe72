"""gRPC's server is given another certificate when there is another one, and at no other time."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from alcor.channels.fast_path.opening import server_credentials
from alcor.channels.trust.credentials import Credentials


def test_a_certificate_is_handed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # While gRPC takes other ones it lets go of those that another connection may be met with: a storm of connections
    # that each brought the same ones anew ended the process.
    asked: list[Callable[[], Any]] = []
    monkeypatch.setattr(grpc, "ssl_server_certificate_configuration", lambda pairs, roots: (pairs, roots))
    monkeypatch.setattr(grpc, "dynamic_ssl_server_credentials", lambda first, fetch, _required: asked.append(fetch))
    shown, met = [Credentials(b"key", b"chain", b"authorities")], []
    server_credentials(lambda: shown[-1], lambda: met.append(1))
    (fetch,) = asked
    assert [fetch(), fetch()] == [None, None]
    shown.append(Credentials(b"another key", b"another chain", b"authorities"))
    assert [fetch(), fetch()] == [([(b"another key", b"another chain")], b"authorities"), None]
    assert len(met) == 4
