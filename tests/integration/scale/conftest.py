"""A broker for scenarios that use one."""

from tests.brokers import broker, namespace, pulsar_process

__all__ = ["broker", "namespace", "pulsar_process"]
