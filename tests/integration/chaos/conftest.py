"""Tests of a whole region have a real broker."""

from tests.brokers import broker, pulsar_process

__all__ = ["broker", "pulsar_process"]
