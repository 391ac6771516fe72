"""Which hosts have other routers after a log entry than before. Pure.

The cost is that of the hosts in the VPCs of routers that are touched, or that lead to these by routes, and of hosts
that came to subnets or left them.
"""

from collections.abc import Collection, Iterable, Iterator

from alcor.dpm.changes import Before, RouterBefore
from alcor.dpm.read_model import ReadModel
from alcor.dpm.routers import Place, reachable
from alcor.model.goal_state import Router, RouterDelta
from alcor.model.identifiers import Id
from alcor.model.router_deltas import router_difference


def changed_routers(model: ReadModel, before: Before) -> Iterator[tuple[str, Id, Router | RouterDelta | None]]:
    """Hosts that are served, and a router that they have from now on, or what changes of it; None for one that goes."""
    if not (model.routers.by_id or before.routers):
        return
    for router_id, hosts in _possible(model, before).items():
        was = before.routers.get(router_id)
        places_before, places = _leading_before(model, before, router_id), _leading(model, router_id)
        now = model.routers.state(router_id) if places else None
        change = _difference(was, now)
        for host_id in hosts:
            had = _was_in_any(model, before, host_id, places_before)
            if _is_in_any(model, host_id, places):
                if not had or change is not None:
                    yield host_id, router_id, change if had else now
            elif had:
                yield host_id, router_id, None


def _difference(was: RouterBefore | None, now: Router | None) -> Router | RouterDelta | None:
    """What changes of a router for who has it before and now: all of it when that is no less to say."""
    if was is None or now is None or was.state is None or was.state == now:
        return None
    change = router_difference(was.state, now)
    return change if change.item_count() < now.item_count() else now


def _possible(model: ReadModel, before: Before) -> dict[Id, set[str]]:
    """The routers that may be others than before, or on other hosts, each with these hosts."""
    routers, found = model.routers, dict[Id, set[str]]()
    for vpc_id, presence in before.presence.items():
        for host_id in filter(model.serves, presence):
            subnets = {*_subnets_before(model, before, host_id, vpc_id), *_subnets_now(model, host_id, vpc_id)}
            for router_id in routers.with_next(routers.of_subnets(vpc_id, subnets)):
                found.setdefault(router_id, set()).add(host_id)
    for router_id in _affected(model, before):
        places = _leading_before(model, before, router_id) | _leading(model, router_id)
        hosts = found.setdefault(router_id, set())
        for vpc_id in {vpc_id for vpc_id, _ in places}:
            vpc = model.vpcs.get(vpc_id)
            if vpc is not None:
                hosts |= model.served_hosts(vpc)
            hosts.update(filter(model.serves, before.presence.get(vpc_id, ())))
    return found


def _affected(model: ReadModel, before: Before) -> set[Id]:
    """The routers touched, and all to which packets went on from these, or do now."""

    def next_before(router_id: Id) -> set[Id]:
        was = before.routers.get(router_id)
        return model.routers.next_of(router_id) if was is None else was.next

    return model.routers.with_next(before.routers) | reachable(before.routers, next_before)


def _leading(model: ReadModel, router_id: Id) -> set[Place]:
    """The places from which packets come to a router, at once or by others."""
    leading = reachable([router_id], model.routers.before)
    return {place for each in leading for place in model.routers.places(each)}


def _leading_before(model: ReadModel, before: Before, router_id: Id) -> set[Place]:
    def before_it(router_id: Id) -> set[Id]:
        others = {each for each in model.routers.before(router_id) if each not in before.routers}
        return others | {each for each, was in before.routers.items() if router_id in was.next}

    def places(router_id: Id) -> set[Place]:
        was = before.routers.get(router_id)
        return model.routers.places(router_id) if was is None else was.places

    return {place for each in reachable([router_id], before_it) for place in places(each)}


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
