"""When a VPC is programmed on demand."""

import pytest

from alcor.model.programming import AUTO, ON_DEMAND, PUSH, is_on_demand


@pytest.mark.parametrize("was_on_demand", [False, True])
@pytest.mark.parametrize("ports", [0, 1_000_000])
def test_a_setting_decides_whatever_the_size(ports: int, was_on_demand: bool) -> None:
    assert is_on_demand(ON_DEMAND, ports, was_on_demand, 1000)
    assert not is_on_demand(PUSH, ports, was_on_demand, 1000)


def test_a_vpc_that_hovers_about_the_limit_stays_what_it_is() -> None:
    assert [is_on_demand(AUTO, ports, False, 1000) for ports in (0, 801, 1000, 1001)] == [False, False, False, True]
    assert [is_on_demand(AUTO, ports, True, 1000) for ports in (1001, 801, 800, 0)] == [True, True, False, False]


def test_a_limit_of_none_leaves_no_port_told_ahead() -> None:
    assert is_on_demand(AUTO, 1, False, 0)
    assert not is_on_demand(AUTO, 0, True, 0)
