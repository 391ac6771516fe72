"""What changes of a router from one goal state to the next: of one with many interfaces seldom more than one."""

from alcor.model.goal_state import Router, RouterDelta


def router_difference(old: Router, new: Router) -> RouterDelta:
    """The change that makes the one of the other, which is the same router."""
    known = {each.id: each for each in old.interfaces}
    return RouterDelta(
        interfaces=tuple(each for each in new.interfaces if known.get(each.id) != each),
        removed_interfaces=frozenset(known.keys() - {each.id for each in new.interfaces}),
        routes=None if old.routes == new.routes else new.routes,
    )


def merged_router_deltas(first: RouterDelta, second: RouterDelta) -> RouterDelta:
    """The change that does what the first and then the second does."""
    put = {each.id: each for each in first.interfaces if each.id not in second.removed_interfaces}
    put.update((each.id, each) for each in second.interfaces)
    return RouterDelta(
        interfaces=tuple(put.values()),
        removed_interfaces=first.removed_interfaces | second.removed_interfaces,
        routes=first.routes if second.routes is None else second.routes,
    )
