"""Tests of the message queue have a real broker."""

from collections.abc import Iterator

import pulsar
import pytest

from tests.brokers import Broker, broker, namespace, pulsar_process

__all__ = ["broker", "namespace", "pulsar_process"]


@pytest.fixture
def client(broker: Broker) -> Iterator[pulsar.Client]:
    """A client of the broker, connected when it is first used."""
    opened = pulsar.Client(broker.url, logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    yield opened
    opened.close()
