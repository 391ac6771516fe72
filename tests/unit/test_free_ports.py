"""Servers of tests do not take each other's ports."""

from tests.processes import free_port


def test_no_port_is_given_to_two_servers_that_are_soon_to_listen() -> None:
    given = [free_port() for _ in range(200)]
    assert len(set(given)) == len(given)
