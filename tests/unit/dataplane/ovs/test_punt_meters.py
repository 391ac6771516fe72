"""Each workload has meters of its own, of every kind, for as many workloads as the switch has meters for."""

import pytest

from alcor.dataplane.ovs.openflow.connection import OpenFlowConnection
from alcor.dataplane.ovs.punt_meters import PuntMeters
from alcor.dataplane.ovs.settings import OvsSettings

LAST_PORT = 0xFEFF


def meters(highest: int) -> PuntMeters:
    connection = OpenFlowConnection.__new__(OpenFlowConnection)
    return PuntMeters(connection, OvsSettings("192.0.2.1"), highest)


@pytest.mark.parametrize("highest", [1 << 17, 200_000, 1 << 18, 0xFFFF0000])
def test_no_two_workloads_of_a_host_share_a_meter_nor_two_kinds(highest: int) -> None:
    ports = range(1, 16_384)
    numbers = [number for port in ports for number in meters(highest).of(port)]
    assert len(set(numbers)) == len(numbers) == 5 * len(ports)
    assert min(numbers) >= 1 and max(numbers) <= highest


@pytest.mark.parametrize("highest", [1, 1000, 1 << 16, 1 << 18])
def test_every_port_number_has_meters_that_the_switch_has(highest: int) -> None:
    for port in (1, 1000, 1001, 40_000, 60_000, LAST_PORT):
        assert all(1 <= number <= highest for number in meters(highest).of(port))


def test_a_switch_with_few_meters_has_one_for_all_kinds() -> None:
    assert set(meters(1000).of(7)) == {7}
