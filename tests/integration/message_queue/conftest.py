"""Tests of the message queue have a real broker."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pulsar
import pytest

from alcor.channels.message_queue.address import QueueAddress
from alcor.store.store import Store, open_store
from tests.brokers import Broker, broker, namespace, pulsar_process
from tests.databases import sqlite_template
from tests.integration.southbound.cloud_rows import Cloud

__all__ = ["broker", "namespace", "pulsar_process", "sqlite_template"]

HOSTS = ["host-1", "host-2", "host-3"]


@pytest.fixture
def client(broker: Broker) -> Iterator[pulsar.Client]:
    """A client of the broker, connected when it is first used."""
    opened = pulsar.Client(
        broker.url, logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error), operation_timeout_seconds=120
    )
    yield opened
    opened.close()


@pytest.fixture
def address(broker: Broker, namespace: str) -> QueueAddress:
    """The test's own part of the message queue."""
    return QueueAddress(broker.url, namespace)


@pytest.fixture
async def cloud(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Cloud]:
    """A VPC and nodes for hosts."""
    path = tmp_path / "alcor.db"
    shutil.copyfile(sqlite_template, path)
    store: Store = await open_store(f"sqlite:///{path}")
    cloud = Cloud(store)
    await cloud.create(HOSTS)
    yield cloud
    await store.close()
