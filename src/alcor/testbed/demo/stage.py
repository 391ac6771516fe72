"""What the scenes of a demo share."""

from collections.abc import Iterator, Sequence

import msgspec

from alcor.testbed.cloud import Cloud, Resource
from alcor.testbed.demo.view import View
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload


class Member(msgspec.Struct, eq=False):
    """A workload, and the port it is plugged into."""

    vpc: str
    workload: Workload
    port: Resource

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.workload.name

    @property
    def address(self) -> str:
        """The address that the API gave the port."""
        address: str = self.port["fixed_ips"][0]["ip_address"]
        return address

    @property
    def mac(self) -> bytes:
        """The port's MAC address, as it is in frames."""
        return bytes.fromhex(self.port["mac_address"].replace(":", ""))


class Vpc(msgspec.Struct, eq=False):
    """A network with one subnet, and its workloads."""

    name: str
    network_id: str
    subnet: Resource
    members: list[Member] = []


class Stage(msgspec.Struct, eq=False):
    """The testbed, its API, the VPCs made so far, and where to show things."""

    testbed: Testbed
    cloud: Cloud
    view: View
    vpcs: list[Vpc] = []

    def members(self) -> Iterator[Member]:
        """Every workload of every VPC."""
        for vpc in self.vpcs:
            yield from vpc.members


def others(members: Sequence[Member], member: Member) -> list[Member]:
    """The members except one."""
    return [each for each in members if each is not member]
