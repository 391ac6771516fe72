"""Somebody dies in between."""

from tests.conformance.kuryr.site import Site, expect

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
