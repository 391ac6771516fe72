"""One controller at a time on a SQLite file."""

from pathlib import Path

import pytest

from alcor.controller.database_lock import locked
from alcor.controller.settings import ControllerError


def test_a_second_holder_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/alcor.db"
    with locked(url), pytest.raises(ControllerError, match="another controller is using"), locked(url):
        pass
    with locked(url):
        pass


def test_postgresql_is_shared() -> None:
    url = "postgresql+psycopg://somewhere/alcor"
    with locked(url), locked(url):
        pass


def test_what_is_no_database_url_is_explained() -> None:
    with pytest.raises(ControllerError, match="write sqlite"), locked("nonsense"):
        pass
