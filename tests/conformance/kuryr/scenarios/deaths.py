"""Somebody dies in between."""

from concurrent.futures import ThreadPoolExecutor

from tests.conformance.kuryr.site import Site, expect, expect_both_ways

_SUBNET = ("--subnet", "10.57.0.0/24", "--gateway", "10.57.0.1")


def the_controller_is_killed(site: Site) -> None:
    """Containers go on; once it is back, they come and go as before."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one, other = engine.run("one", "blue"), engine.run("other", "blue")
    site.controller.kill()
    expect(engine.pings("one", other.address), "the first does not reach the other while nobody controls")
    site.controller.start()
    expect(engine.pings("other", one.address), "the other does not reach the first afterwards")
    for container in (one, other):
        site.port_of(container)
    third = engine.run("third", "blue")
    site.port_of(third)
    expect(engine.pings("one", third.address), "a new one is not reached")
    site.controller.kill()
    site.controller.start()
    engine.remove("one", "other", "third")
    engine("network", "rm", "blue")


def the_agent_is_killed(site: Site) -> None:
    """What is plugged in meanwhile is found by the next one, for which Kuryr waits."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one = engine.run("one", "blue")
    engine.host.agent.kill()
    with ThreadPoolExecutor(1) as executor:
        starting = executor.submit(engine.run, "other", "blue")
        engine.host.agent.start()
        other = starting.result()
    site.port_of(other)
    expect_both_ways(engine, one, other)
    engine.remove("one", "other")
    engine("network", "rm", "blue")


def kuryr_is_started_again(site: Site) -> None:
    """It finds what it had made before by what it wrote on it."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    engine.run("one", "blue")
    engine.plugin.stop()
    engine.plugin.start()
    other = engine.run("other", "blue")
    site.port_of(other)
    expect(engine.pings("one", other.address), "the first does not reach the one that came afterwards")
    engine.remove("one", "other")
    engine("network", "rm", "blue")
