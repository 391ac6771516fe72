"""Hosts that ask for names of ports are answered from the model, which follows every change."""

import asyncio

import pytest

from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion
from alcor.model.records import PortDeleted, PortRecord
from tests.unit.dpm.cloud import HOSTS, MACS, PORTS, SUBNETS, VPCS
from tests.unit.ncm.test_manager import ADDRESSES, VNI, Region

IPV4 = [address.to_bytes(4) for address in ADDRESSES]
IPV6 = bytes.fromhex("fd00") + bytes(14)


def port(number: int, host: int, name: str, *addresses: bytes) -> PortRecord:
    fixed_ips = tuple((SUBNETS[0], address) for address in addresses)
    return PortRecord(PORTS[number], VPCS[0], MACS[number], fixed_ips, HOSTS[host], hostname=name)


@pytest.fixture
def region() -> Region:
    region = Region(patience=0.0)
    region.commit(port(0, 0, "Web", IPV4[0], IPV6), port(1, 1, "", IPV4[1]))
    return region


async def resolve(region: Region, about: str | bytes, host: int = 1, vni: int = VNI) -> NameAnswer:
    return await region.manager.resolve(NameQuestion(HOSTS[host], vni, about))


async def test_a_name_has_the_addresses_of_its_port_and_an_address_its_name(region: Region) -> None:
    assert await resolve(region, "web") == NameAnswer((IPV4[0], IPV6))
    for address in (IPV4[0], IPV6):
        assert await resolve(region, address) == NameAnswer(name="web")
    for absent in ("absent", IPV4[1], IPV4[2]):
        assert await resolve(region, absent) == NameAnswer()


async def test_several_ports_may_have_a_name(region: Region) -> None:
    region.commit(port(2, 1, "web", IPV4[2]))
    assert set((await resolve(region, "web")).addresses) == {IPV4[0], IPV6, IPV4[2]}
    region.commit(PortDeleted(PORTS[0], VPCS[0]))
    assert await resolve(region, "web") == NameAnswer((IPV4[2],))


async def test_names_follow_their_ports(region: Region) -> None:
    region.commit(port(0, 0, "db", IPV4[0]))
    assert await resolve(region, "web") == await resolve(region, IPV6) == NameAnswer()
    assert await resolve(region, "db") == NameAnswer((IPV4[0],))
    region.commit(port(1, 1, "db-2", IPV4[0]), port(0, 0, "db", IPV4[1]))
    assert await resolve(region, IPV4[0]) == NameAnswer(name="db-2")
    assert await resolve(region, IPV4[1]) == NameAnswer(name="db")
    region.commit(*(PortDeleted(PORTS[number], VPCS[0]) for number in (0, 1)))
    assert not any(vpc.names or vpc.named for vpc in region.model.vpcs.values())


async def test_a_host_is_not_told_names_of_a_vpc_that_it_has_no_part_in(region: Region) -> None:
    for host, vni in ((3, VNI), (1, 999)):
        with pytest.raises(NotAnswered) as refused:
            await resolve(region, "web", host, vni)
        assert refused.value.is_final


async def test_a_question_waits_for_what_its_host_knew_earlier() -> None:
    region = Region(patience=60.0)
    region.commit(port(0, 0, "web", IPV4[0]))
    asked = asyncio.create_task(resolve(region, "web", 2))
    await asyncio.sleep(0)
    region.commit(port(2, 2, "", IPV4[2]))
    assert await asked == NameAnswer((IPV4[0],))


async def test_a_host_asks_within_its_budget() -> None:
    region = Region(questions_per_host=1)
    region.commit(port(0, 0, "web", IPV4[0]))
    for _ in range(2):
        await resolve(region, "web", 0)
    with pytest.raises(NotAnswered):
        await resolve(region, "web", 0)
