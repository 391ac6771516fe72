"""A database that cannot be used is said to be that, in Neutron's form, and is no reason to forget what was stored."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from alcor.api.app import ApiSettings, create_app
from alcor.store.engine import open_engine
from alcor.store.store import Store
from tests.integration.api.neutron.requests import Json, Neutron


@pytest.fixture
async def broken(store: Store, neutron: Neutron, database_url: str) -> AsyncIterator[Neutron]:
    """The client, while the table of ports is out of reach."""
    await neutron.create("network", name="n")
    engine = open_engine(database_url, 1)

    def rename(old: str, new: str) -> None:
        with engine.connect() as connection, connection.begin():
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    rename("port", "hidden")
    yield neutron
    rename("hidden", "port")
    engine.dispose()
    assert await neutron.names("network") == ["n"]
    assert await neutron.names("port") == []


async def test_every_request_says_that_the_database_cannot_be_used(
    broken: Neutron, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    network = (await broken.list("network"))[0]
    body: Json = {"port": {"network_id": network["id"]}}
    for method, path, sent in (
        ("GET", "ports", None),
        ("GET", "ports/x", None),
        ("POST", "ports", body),
        ("PUT", "ports/x", {"port": {"name": "n"}}),
        ("DELETE", "ports/x", None),
        ("DELETE", f"networks/{network['id']}", None),
    ):
        response = await broken.http.request(method, f"/v2.0/{path}", json=sent)
        assert response.status_code == 503, (method, path)
        error = response.json()["NeutronError"]
        assert error["type"] == "ServiceUnavailable"
        assert "database" in error["message"]
        assert "port" not in error["message"]  # nothing of its insides


async def test_a_stopping_controller_says_so(store: Store) -> None:
    application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry())
    await store.close()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://neutron") as client:
        response = await client.post("/v2.0/networks", json={"network": {}})
    assert response.status_code == 503
    assert response.json()["NeutronError"]["type"] == "ServiceUnavailable"
