"""What networks say of themselves that follows from other tables."""

from collections import Counter
from collections.abc import Iterator

from alcor.model.programming import is_on_demand, is_queued
from alcor.services.networks.vpc import ROWS
from alcor.store.tables import network, port, port_binding, rbac_policy, segment, subnet
from tests.invariants.database import Database

_PROVIDER = ("network_type", "physical_network", "segmentation_id")


def bound_ports_are_counted(database: Database) -> Iterator[str]:
    """A network says how many of its ports are bound, and is on demand as its setting or this number says."""
    bound = Counter(row.network_id for row in database.rows(port) if row.host_id)
    for row in database.rows(network):
        if row.bound_ports != bound[row.id]:
            yield f"network {row.id} says {row.bound_ports}, but {bound[row.id]} are"
        setting = ROWS.view(row)["programming"]
        allowed = {
            is_on_demand(setting, row.bound_ports, was, database.choices.on_demand_above) for was in (False, True)
        }
        if row.on_demand not in allowed:
            yield f"network {row.id} with {row.bound_ports} says that it is on demand: {row.on_demand}"
        above = database.choices.queue_above
        if row.queued not in {is_queued(row.bound_ports, was, above) for was in (False, True)}:
            yield f"network {row.id} with {row.bound_ports} says that it is queued: {row.queued}"


def networks_know_that_they_have_guests(database: Database) -> Iterator[str]:
    """Owners of networks are shown the ports of others in them, which are looked for only where there were some."""
    networks = database.by_id(network)
    for row in database.rows(port):
        of = networks.get(row.network_id)
        if of is not None and of.project_id != row.project_id and not of.guests:
            yield f"network {of.id} does not know of port {row.id} of another project"


def networks_are_external_as_entries_say(database: Database) -> Iterator[str]:
    """A network is external when it is so to anybody; the one that is the default is so to everybody."""
    targets = {
        object_id: {row.target_project for row in rows if row.action == "access_as_external"}
        for object_id, rows in database.grouped(rbac_policy.c.object_id).items()
    }
    for row in database.rows(network):
        its = targets.get(row.id, set())
        if row.external != bool(its):
            yield f"network {row.id} says that it is external: {row.external}, but entries say to {its}"
        if row.external and row.is_default and "*" not in its:
            yield f"the default network {row.id} is external to {its} alone"
    defaults = [row.id for row in database.rows(network) if row.external and row.is_default]
    if len(defaults) > 1:
        yield f"external networks {defaults} are each the default"


def networks_have_one_main_segment(database: Database) -> Iterator[str]:
    """It is what the network's own row says."""
    segments = database.grouped(segment.c.network_id)
    for row in database.rows(network):
        main = [tuple(getattr(each, name) for name in _PROVIDER) for each in segments[row.id] if each.is_main]
        if main != [tuple(getattr(row, name) for name in _PROVIDER)]:
            yield f"the main segments of network {row.id} are {main}"


def vxlans_are_carried_as_what_they_are(database: Database) -> Iterator[str]:
    """What clients know a VXLAN as is what hosts carry it as, and that of no other network."""
    for row in database.rows(network):
        if row.network_type == "vxlan" and row.vni != row.segmentation_id:
            yield f"network {row.id} is VXLAN {row.segmentation_id}, but carried as {row.vni}"
    beside = {row.segmentation_id for row in database.rows(segment) if row.network_type == "vxlan" and not row.is_main}
    yield from (f"{each} is of a network and of a segment" for each in beside & database.values(network.c.vni))


def networks_show_their_segments(database: Database) -> Iterator[str]:
    """Where there are several, a network's own row has all of them."""
    segments = database.grouped(segment.c.network_id)
    for row in database.rows(network):
        shown = ROWS.view(row)["segments"] or []
        said = Counter(tuple(each[f"provider:{name}"] for name in _PROVIDER) for each in shown)
        its = segments[row.id] if len(segments[row.id]) > 1 else []
        if said != Counter(tuple(getattr(each, name) for name in _PROVIDER) for each in its):
            yield f"network {row.id} shows the segments {shown}"


def subnets_are_on_segments_of_their_network(database: Database) -> Iterator[str]:
    """All subnets of a network are on segments of it, or none is."""
    networks = {row.id: row.network_id for row in database.rows(segment)}
    for network_id, rows in database.grouped(subnet.c.network_id).items():
        if len({row.segment_id is None for row in rows}) > 1:
            yield f"some subnets of network {network_id} are on segments, some are not"
        for row in rows:
            if row.segment_id is not None and networks.get(row.segment_id) != network_id:
                yield f"subnet {row.id} is on segment {row.segment_id} of another network"


def bindings_elsewhere_are_not_the_active_one(database: Database) -> Iterator[str]:
    """A port's row has its active binding; only others have rows of their own, and only beside one."""
    ports = database.by_id(port)
    for row in database.rows(port_binding):
        if row.port_id in ports and ports[row.port_id].host_id == row.host:
            yield f"the active binding of port {row.port_id}, to {row.host}, is there twice"
