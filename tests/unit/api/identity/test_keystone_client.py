"""How Keystone is reached."""

import httpx
import pytest

from alcor.api.identity.keystone import Keystone, http_client
from alcor.api.identity.settings import KeystoneSettings
from alcor.model.errors import AlcorError


async def test_a_busy_keystone_is_waited_for_longer_than_one_that_is_not_there() -> None:
    """Fifty clients that sign in at once keep it busy: those who come last are not told that it is away."""
    async with http_client() as client:
        assert client.timeout.connect == 10
        assert client.timeout.read == client.timeout.pool == 45


async def test_the_log_names_an_error_that_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("")

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as client:
        settings = KeystoneSettings("http://keystone/v3", "alcor", "secret", "service", "Default")
        keystone = Keystone(settings, client)
        with pytest.raises(AlcorError):
            await keystone.validate("token", allow_expired=False)
    assert "it does not answer (ReadTimeout)" in caplog.text
