"""The flows of VPCs that are flooded, and what was programmed of them, so that a change costs its difference.

A flow for each VPC holds the list of ports here, another that of other hosts. A group of OpenFlow would do the same,
but lies beside the flows: it has no cookie, so that a restarted agent could not tell from it whether it is still right.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from alcor.dataplane.driver import Change
from alcor.dataplane.ovs import flood_rules as rules
from alcor.dataplane.ovs.cookies import cookie
from alcor.dataplane.ovs.rendering import Flow, single_flow
from alcor.dataplane.ovs.security_flows import repeated

StagedFloods = Mapping[int, Mapping[int, Flow]]
"""The flows of each VPC by their digests."""


def flood_flows(vni: int, ports: Collection[int], vteps: Collection[int]) -> Iterator[Flow]:
    """The flows of one VPC, of which these port numbers are here, and ports on hosts with these VTEPs.

    Raises OverflowError when there are more than a flow holds.
    """
    if ports:
        yield single_flow(repeated(rules.TO_COPIES_HERE, "port", sorted(ports)), {"vni": vni})
    if vteps:
        yield single_flow(repeated(rules.TO_COPIES_THERE, "vtep", sorted(vteps)), {"vni": vni})


def staged_floods(flooded: Mapping[int, Collection[int]], ports: Iterable[tuple[int, int]]) -> StagedFloods:
    """What VPCs need that are flooded to these VTEPs, with the ports here (VNI, number)."""
    here: dict[int, list[int]] = {vni: [] for vni in flooded}
    for vni, number in ports:
        if vni in here:
            here[vni].append(number)
    return {vni: {flow.digest(): flow for flow in flood_flows(vni, here[vni], vteps)} for vni, vteps in flooded.items()}


class FloodFlows:
    """The flooded VPCs of one switch."""

    def __init__(self) -> None:
        self._flooded: dict[int, frozenset[int]] = {}  # VTEPs by VNI
        self._programmed: dict[int, Mapping[int, Flow]] = {}

    def replace(self, flooded: Mapping[int, frozenset[int]], staged: StagedFloods) -> None:
        """These, and no others, have been programmed."""
        self._flooded, self._programmed = dict(flooded), dict(staged)

    def after(self, change: Change) -> dict[int, frozenset[int]]:
        """The VPCs that are flooded after a change, with their VTEPs."""
        kept = {vni: vteps for vni, vteps in self._flooded.items() if vni not in change.removed_flooded}
        return kept | change.flooded

    def modifications(self, vnis: Iterable[int], staged: StagedFloods, generation: int) -> Iterator[tuple[int, bytes]]:
        """The flow-mods that make these VPCs what is staged for them."""
        for vni in vnis:
            old, new = self._programmed.get(vni, {}), staged.get(vni, {})
            for digest in old.keys() - new.keys():
                yield vni, old[digest].removal()
            for digest in new.keys() - old.keys():
                yield vni, new[digest].addition(cookie(generation, digest))

    def apply(self, vnis: Iterable[int], flooded: Mapping[int, frozenset[int]], staged: StagedFloods) -> None:
        """These VPCs have been made what is staged for them."""
        self._flooded = dict(flooded)
        for vni in vnis:
            self._programmed.pop(vni, None)
        self._programmed |= staged
