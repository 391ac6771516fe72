"""Workloads that are given their addresses and routers by hand, which is sooner done than by DHCP."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import INTERFACE, Workload


def plug_by_hand(testbed: Testbed, name: str, host: Host, port: Any, subnets: Sequence[Any]) -> Workload:
    """A new workload, which has its port's addresses in these subnets, one of each IP version, and their gateways."""
    workload = testbed.add_workload(name, host)
    workload.plug(port["id"], port["mac_address"])
    addresses = {each["subnet_id"]: each["ip_address"] for each in port["fixed_ips"]}
    for subnet in subnets:
        length = ipaddress.ip_network(subnet["cidr"]).prefixlen
        no_detection = ("nodad",) if subnet["ip_version"] == 6 else ()
        address = f"{addresses[subnet['id']]}/{length}"
        workload.namespace.ip("address", "add", address, "dev", INTERFACE, *no_detection)
        workload.namespace.ip(f"-{subnet['ip_version']}", "route", "add", "default", "via", subnet["gateway_ip"])
    return workload
