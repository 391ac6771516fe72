"""How Keystone is reached."""

from alcor.api.identity.keystone import http_client


async def test_a_busy_keystone_is_waited_for_longer_than_one_that_is_not_there() -> None:
    """Fifty clients that sign in at once keep it busy: those who come last are not told that it is away."""
    async with http_client() as client:
        assert client.timeout.connect == 10
        assert client.timeout.read == client.timeout.pool == 45
