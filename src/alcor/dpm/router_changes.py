"""Which hosts have other routers after a log entry than before. Pure.

The cost is that of the hosts in the VPCs of routers that are touched, and of hosts that came to subnets or left them.
"""

from collections.abc import Collection, Iterable, Iterator

from alcor.dpm.changes import Before
from alcor.dpm.read_model import ReadModel
from alcor.dpm.routers import Place
from alcor.model.goal_state import Router
from alcor.model.identifiers import Id


def changed_routers(model: ReadModel, before: Before) -> Iterator[tuple[str, Id, Router | None]]:
    """Hosts that are served and what they have of a router from now on; None for nothing any more."""
    if not (model.routers.by_id or before.routers):
        return
    for host_id, router_id in _possible(model, before):
        was = before.routers.get(router_id)
        places = model.routers.places(router_id)
        had = _was_in_any(model, before, host_id, places if was is None else was.places)
        if _is_in_any(model, host_id, places):
            now = model.routers.by_id[router_id].state()
            if not had or (was is not None and was.state != now):
                yield host_id, router_id, now
        elif had:
            yield host_id, router_id, None


def _possible(model: ReadModel, before: Before) -> set[tuple[str, Id]]:
    """The hosts, and the routers of theirs that may be others than before."""
    found: set[tuple[str, Id]] = set()
    for vpc_id, presence in before.presence.items():
        for host_id in presence:
            if model.serves(host_id):
                subnets = {*_subnets_before(model, before, host_id, vpc_id), *_subnets_now(model, host_id, vpc_id)}
                found.update((host_id, router_id) for router_id in model.routers.of_subnets(vpc_id, subnets))
    for router_id, was in before.routers.items():
        for vpc_id in {vpc_id for vpc_id, _ in was.places | model.routers.places(router_id)}:
            vpc = model.vpcs.get(vpc_id)
            hosts = set() if vpc is None else model.served_hosts(vpc)
            hosts.update(filter(model.serves, before.presence.get(vpc_id, ())))
            found.update((host_id, router_id) for host_id in hosts)
    return found


def _is_in_any(model: ReadModel, host_id: str, places: Iterable[Place]) -> bool:
    return host_id in model.nodes and any(
        _is_known(model, vpc_id) and subnet_id in _subnets_now(model, host_id, vpc_id) for vpc_id, subnet_id in places
    )


def _was_in_any(model: ReadModel, before: Before, host_id: str, places: Iterable[Place]) -> bool:
    was_node = before.nodes[host_id] is not None if host_id in before.nodes else host_id in model.nodes
    return was_node and any(
        (before.vpcs[vpc_id] is not None if vpc_id in before.vpcs else _is_known(model, vpc_id))
        and subnet_id in _subnets_before(model, before, host_id, vpc_id)
        for vpc_id, subnet_id in places
    )


def _is_known(model: ReadModel, vpc_id: Id) -> bool:
    vpc = model.vpcs.get(vpc_id)
    return vpc is not None and vpc.record is not None


def _subnets_now(model: ReadModel, host_id: str, vpc_id: Id) -> Collection[Id]:
    vpc = model.vpcs.get(vpc_id)
    host = None if vpc is None else vpc.hosts.get(host_id)
    return () if host is None else host.subnets


def _subnets_before(model: ReadModel, before: Before, host_id: str, vpc_id: Id) -> Collection[Id]:
    presence = before.presence.get(vpc_id, {})
    return (presence[host_id] or ()) if host_id in presence else _subnets_now(model, host_id, vpc_id)
