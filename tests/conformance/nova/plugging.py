"""A hypervisor whose servers run nowhere, and whose interfaces are really plugged in at hosts with Open vSwitch.

It waits for Nova's events as the driver for libvirt does: before a server is started, its network has to be there.
"""

import contextlib
import json
import os
import urllib.request
from collections.abc import Iterator
from typing import Any, ClassVar

from nova import conf
from nova.virt import fake

_TIMEOUT_SECONDS = 60


def ask_host(what: str, host: str, port_id: str, **more: str) -> Any:
    """Have something done at a host with a port's interface (hosts.py); returns what came of it."""
    body = json.dumps({"host": host, "port_id": port_id, **more}).encode()
    address = f"{os.environ['ALCOR_NOVA_HOSTS']}/{what}"
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=_TIMEOUT_SECONDS) as answer:
        return json.load(answer)


class PluggingDriver(fake.MediumFakeDriver):
    """Plugs in at the host that it is the driver of."""

    broken: ClassVar[set[str]] = set()
    """Hosts at which nothing is plugged in, though they say it was."""

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """See ComputeDriver."""
        for vif in network_info or ():
            if self._host not in self.broken:
                ask_host("plug", self._host, vif["id"], mac_address=vif["address"])

    def unplug_vifs(self, instance: Any, network_info: Any) -> None:
        """See ComputeDriver."""
        for vif in network_info or ():
            ask_host("unplug", self._host, vif["id"])

    @contextlib.contextmanager
    def _plugged_in(self, instance: Any, network_info: Any) -> Iterator[None]:
        """What is started inside has its network: without it, nothing is."""
        awaited = [("network-vif-plugged", vif["id"]) for vif in network_info or () if vif.get("active") is False]
        with self.virtapi.wait_for_instance_event(instance, awaited, timeout=conf.CONF.vif_plugging_timeout):
            self.plug_vifs(instance, network_info)
        yield

    def spawn(self, context: Any, instance: Any, *arguments: Any, network_info: Any = None, **more: Any) -> None:
        """See ComputeDriver."""
        with self._plugged_in(instance, network_info):
            super().spawn(context, instance, *arguments, network_info=network_info, **more)

    def destroy(self, context: Any, instance: Any, network_info: Any, *arguments: Any, **more: Any) -> None:
        """See ComputeDriver."""
        super().destroy(context, instance, network_info, *arguments, **more)
        self.unplug_vifs(instance, network_info)

    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: Any) -> None:
        """See ComputeDriver."""
        with self._plugged_in(instance, [vif]):
            super().attach_interface(context, instance, image_meta, vif)

    def detach_interface(self, context: Any, instance: Any, vif: Any) -> None:
        """See ComputeDriver."""
        super().detach_interface(context, instance, vif)
        self.unplug_vifs(instance, [vif])

    def migrate_disk_and_power_off(
        self, context: Any, instance: Any, dest: Any, flavor: Any, network_info: Any, *arguments: Any, **more: Any
    ) -> None:
        """See ComputeDriver."""
        self.unplug_vifs(instance, network_info)

    def finish_migration(
        self, context: Any, migration: Any, instance: Any, disk: Any, network_info: Any, *arguments: Any, **more: Any
    ) -> None:
        """See ComputeDriver."""
        with self._plugged_in(instance, network_info):
            super().finish_migration(context, migration, instance, disk, network_info, *arguments, **more)

    def finish_revert_migration(
        self, context: Any, instance: Any, network_info: Any, *arguments: Any, **more: Any
    ) -> None:
        """See ComputeDriver."""
        with self._plugged_in(instance, network_info):
            super().finish_revert_migration(context, instance, network_info, *arguments, **more)

    def pre_live_migration(
        self, context: Any, instance: Any, block_device_info: Any, network_info: Any, *arguments: Any
    ) -> Any:
        """See ComputeDriver: the compute service of the source waits for the events."""
        self.plug_vifs(instance, network_info)
        return super().pre_live_migration(context, instance, block_device_info, network_info, *arguments)

    def post_live_migration_at_source(self, context: Any, instance: Any, network_info: Any) -> None:
        """See ComputeDriver."""
        self.unplug_vifs(instance, network_info)

    def rollback_live_migration_at_destination(
        self, context: Any, instance: Any, network_info: Any, *arguments: Any, **more: Any
    ) -> None:
        """See ComputeDriver."""
        self.unplug_vifs(instance, network_info)
