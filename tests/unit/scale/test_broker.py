"""Who has no broker is told what to do."""

from pathlib import Path

import pytest

from alcor.scale import broker
from alcor.scale.errors import ScaleError


def test_where_pulsar_is_not_installed_it_is_said_how_to_come_by_a_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "_INSTALLED", tmp_path / "installed")
    with pytest.raises(ScaleError, match=r"--message-queue pulsar://HOST:PORT, or install one .* make install-pulsar"):
        broker.OwnBroker()
