"""What this host has learned of peers in VPCs on demand, and for how long it may rely on it. Pure.

While an entry's lease runs, the Network Config Manager tells of every change of it. An entry in use is asked for again
before its lease ends. One whose lease ended goes when it was asked for and not answered; as long as nobody can be asked
about its VPC, or what is asked before it takes its time, it stays, because a peer that nobody was asked about is still
where it was most of the time.

Each VPC stands for itself, also with what it knows of VTEPs: another manager may tell of it, earlier or later.
"""

from collections.abc import Container, Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from alcor.channels.ncm_messages import VpcQuestions
from alcor.model.addresses import Address
from alcor.model.goal_state import GoalStateDelta, Membership, NeighbourDelta, VpcNeighbours

_RENEW_AT = 0.6  # of the lease
_GIVE_UP_AT = 2.0  # of the lease

Touched = dict[int, set[int]]
"""MACs of which something changed, by VNI."""


class _Vpc(msgspec.Struct):
    known: VpcNeighbours = msgspec.field(default_factory=VpcNeighbours)
    vteps: dict[int, int] = {}  # host index → IPv4
    lease: float = 60.0
    absence: float = 5.0
    addresses: dict[int, set[Address]] = {}  # MAC → addresses that lead to it
    learned_at: dict[int, float] = {}  # MAC → when
    to_renew: VpcQuestions = msgspec.field(default_factory=VpcQuestions)  # to be asked again when there is time
    asked_at: dict[int, float] = {}  # MAC → when it was last asked again, and not answered since
    absent_addresses: dict[Address, float] = {}  # → until when
    absent_macs: dict[int, float] = {}


class _Dump(msgspec.Struct, array_like=True):
    vpcs: dict[int, VpcNeighbours]
    vteps: dict[int, int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Dump).decode


class Learned:
    """Neighbours by VPC, and the VTEPs they are behind. Times are seconds on any clock that goes forward."""

    def __init__(self) -> None:
        self._vpcs: dict[int, _Vpc] = {}

    def forwarding(self, vni: int) -> Mapping[int, int]:
        """Where MACs of a VPC are: MAC → host index."""
        vpc = self._vpcs.get(vni)
        return {} if vpc is None else vpc.known.forwarding

    def vteps(self, vni: int) -> Mapping[int, int]:
        """Where the hosts are that have MACs of a VPC: host index → IPv4."""
        vpc = self._vpcs.get(vni)
        return {} if vpc is None else vpc.vteps

    def memberships(self, vni: int) -> Mapping[int, Membership]:
        """Which security groups MACs of a VPC are in, of those in any."""
        vpc = self._vpcs.get(vni)
        return {} if vpc is None else vpc.known.memberships

    def addresses(self, vni: int, mac: int) -> AbstractSet[Address]:
        """The addresses that are known to lead to a MAC."""
        vpc = self._vpcs.get(vni)
        return frozenset() if vpc is None else vpc.addresses.get(mac, frozenset())

    def all_vteps(self) -> set[int]:
        """Where all these hosts are."""
        return {vtep for vpc in self._vpcs.values() for vtep in vpc.vteps.values()}

    def vnis(self) -> AbstractSet[int]:
        """VPCs of which anything is known."""
        return self._vpcs.keys()

    def owner(self, vni: int, address: Address) -> int | None:
        """The MAC that has an address."""
        vpc = self._vpcs.get(vni)
        if vpc is None:
            return None
        return vpc.known.ipv4.get(address) if isinstance(address, int) else vpc.known.ipv6.get(address)

    def count(self) -> int:
        """MACs known."""
        return sum(len(vpc.known.forwarding) for vpc in self._vpcs.values())

    def is_absent(self, vni: int, now: float, *, address: Address | None = None, mac: int | None = None) -> bool:
        """Whether it was lately said that an address or MAC is not there."""
        vpc = self._vpcs.get(vni)
        if vpc is None:
            return False
        until = vpc.absent_macs.get(mac, 0.0) if mac is not None else vpc.absent_addresses.get(address or 0, 0.0)
        return now < until

    def take(self, news: GoalStateDelta, vnis: Iterable[int], now: float) -> Touched:
        """Answers or changes came from the manager that answers for these VPCs, in which all neighbours told are."""
        touched: Touched = {}
        for vni, change in news.neighbours.items():
            vpc = self._vpcs.setdefault(vni, _Vpc())
            for index in change.put.forwarding.values():
                if index in news.vteps:
                    vpc.vteps.setdefault(index, news.vteps[index])
            touched[vni] = self._take_vpc(vpc, change, now)
        for vni in vnis if news.vteps else ():
            known = self._vpcs.get(vni)
            if known is not None and (macs := _move_hosts(known, news.vteps)):
                touched.setdefault(vni, set()).update(macs)
        return touched

    def _take_vpc(self, vpc: _Vpc, change: NeighbourDelta, now: float) -> set[int]:
        for mac in change.removed_macs:
            _forget_mac(vpc, mac)
            vpc.absent_macs[mac] = now + vpc.absence
        touched = {*change.removed_macs, *change.put.forwarding}
        removed: list[Address] = [*change.removed_ipv4, *change.removed_ipv6]
        for address in removed:
            touched.update(_forget_address(vpc, address))
            vpc.absent_addresses[address] = now + vpc.absence
        for mac, index in change.put.forwarding.items():
            vpc.known.forwarding[mac] = index
            _set_membership(vpc, mac, change.put.memberships.get(mac))
            vpc.learned_at[mac] = now
            vpc.asked_at.pop(mac, None)
            vpc.to_renew.macs.discard(mac)
            vpc.absent_macs.pop(mac, None)
        for part in (change.put.ipv4, change.put.ipv6):
            for address, mac in part.items():
                touched.update(_put_address(vpc, address, mac))
        return touched

    def adopt(self, vni: int, neighbours: VpcNeighbours, vteps: Mapping[int, int], now: float) -> None:
        """A VPC is on demand from now on: what was told ahead is kept as if it had been learned."""
        vpc = self._vpcs.setdefault(vni, _Vpc())
        for index in set(neighbours.forwarding.values()):
            if index in vteps:
                vpc.vteps.setdefault(index, vteps[index])
        self._take_vpc(vpc, NeighbourDelta(put=neighbours), now)

    def forget(self, vni: int, mac: int) -> None:
        """Nobody here speaks to this MAC any more."""
        vpc = self._vpcs.get(vni)
        if vpc is not None:
            _forget_mac(vpc, mac)

    def drop_vpc(self, vni: int) -> None:
        """The VPC is no longer here, or no longer on demand."""
        self._vpcs.pop(vni, None)

    def dump(self) -> bytes:
        """What is known, for a file; when it was learned is not kept: it has to be asked for anew."""
        vteps = {index: vtep for vpc in self._vpcs.values() for index, vtep in vpc.vteps.items()}
        return _encode(_Dump({vni: vpc.known for vni, vpc in self._vpcs.items()}, vteps))

    def load(self, data: bytes, now: float) -> None:
        """Take up what an earlier life knew. Raises ValueError when it is no dump."""
        try:
            dump = _decode(data)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from error
        for vni, known in dump.vpcs.items():
            self.adopt(vni, known, dump.vteps, now)

    def renew_due(self, now: float, at_hand: Container[int]) -> set[int]:
        """Have leases renewed that end soon, in VPCs that somebody can be asked about; returns these VPCs."""
        vnis = set()
        for vni, vpc in self._vpcs.items():
            if vni not in at_hand:
                continue
            late = now - vpc.lease * _RENEW_AT
            due = {mac for mac, at in vpc.learned_at.items() if at <= late and vpc.asked_at.get(mac, at) <= late}
            vpc.to_renew.macs |= due
            for mac in due & vpc.asked_at.keys():  # nor may its addresses have been answered
                _renew_addresses(vpc, vpc.addresses.get(mac, ()))
            if due:
                vnis.add(vni)
        return vnis

    def is_to_renew(self, vni: int, address: Address) -> bool:
        """Whether it is still to be asked who has a known address now."""
        vpc = self._vpcs.get(vni)
        return vpc is not None and (address in vpc.to_renew.ipv4 or address in vpc.to_renew.ipv6)

    def has_to_renew(self, vni: int) -> bool:
        """Whether anything known is to be asked again."""
        vpc = self._vpcs.get(vni)
        return vpc is not None and vpc.to_renew.count() > 0

    def renew(self, vni: int, most: int, now: float) -> VpcQuestions:
        """What is asked again now, at most so many questions: where the data plane sends packets first.

        When one had to wait, its lease lasts as much longer.
        """
        vpc = self._vpcs.get(vni)
        if vpc is None:
            return VpcQuestions()
        questions = vpc.to_renew.take(most)
        for mac in questions.macs - vpc.asked_at.keys():
            vpc.learned_at[mac] = max(vpc.learned_at[mac], now - vpc.lease * _RENEW_AT)
        vpc.asked_at.update(dict.fromkeys(questions.macs, now))
        return questions

    def expire(self, now: float, at_hand: Container[int]) -> Touched:
        """Forget absences that no longer hold, and entries asked for in vain of VPCs somebody can be asked about."""
        touched: Touched = {}
        for vni, vpc in self._vpcs.items():
            vpc.absent_macs = {mac: until for mac, until in vpc.absent_macs.items() if until > now}
            vpc.absent_addresses = {address: until for address, until in vpc.absent_addresses.items() if until > now}
            overdue = now - vpc.lease * _GIVE_UP_AT
            gone = {mac for mac in vpc.asked_at if vpc.learned_at[mac] <= overdue} if vni in at_hand else set()
            for mac in gone:
                _forget_mac(vpc, mac)
            if gone:
                touched[vni] = gone
            used = set(vpc.known.forwarding.values())
            vpc.vteps = {index: vtep for index, vtep in vpc.vteps.items() if index in used}
        return touched

    def start_leases(self, vni: int, lease: float, absence: float, now: float) -> None:
        """A VPC has another manager, whose answers hold so long (s): it is to be asked about everything known.

        It does not know who was told that something is not there, so nobody would hear when that is no longer so.
        """
        vpc = self._vpcs.setdefault(vni, _Vpc())
        vpc.lease, vpc.absence = lease, absence
        vpc.learned_at = dict.fromkeys(vpc.learned_at, now)
        vpc.to_renew = VpcQuestions(set(vpc.known.ipv4), set(vpc.known.ipv6), set(vpc.known.forwarding))
        vpc.asked_at, vpc.absent_macs, vpc.absent_addresses = {}, {}, {}


def _move_hosts(vpc: _Vpc, vteps: Mapping[int, int]) -> set[int]:
    """Hosts that the VPC speaks of are here now; returns the MACs that are elsewhere thereby."""
    moved = {index: vtep for index, vtep in vteps.items() if vpc.vteps.get(index, vtep) != vtep}
    vpc.vteps.update(moved)
    return {mac for mac, index in vpc.known.forwarding.items() if index in moved} if moved else set()


def _renew_addresses(vpc: _Vpc, addresses: Iterable[Address]) -> None:
    for address in addresses:
        if isinstance(address, int):
            vpc.to_renew.ipv4.add(address)
        else:
            vpc.to_renew.ipv6.add(address)


def _set_membership(vpc: _Vpc, mac: int, membership: Membership | None) -> None:
    if membership is None:
        vpc.known.memberships.pop(mac, None)
    else:
        vpc.known.memberships[mac] = membership


def _put_address(vpc: _Vpc, address: Address, mac: int) -> set[int]:
    """Returns the MACs that have other addresses by that."""
    before = _forget_address(vpc, address)
    vpc.absent_addresses.pop(address, None)
    if isinstance(address, int):
        vpc.known.ipv4[address] = mac
    else:
        vpc.known.ipv6[address] = mac
    vpc.addresses.setdefault(mac, set()).add(address)
    return {*before, mac}


def _forget_address(vpc: _Vpc, address: Address) -> set[int]:
    """Returns the MAC that had it, if any."""
    if isinstance(address, int):
        mac = vpc.known.ipv4.pop(address, None)
        vpc.to_renew.ipv4.discard(address)
    else:
        mac = vpc.known.ipv6.pop(address, None)
        vpc.to_renew.ipv6.discard(address)
    if mac is not None and (addresses := vpc.addresses.get(mac)) is not None:
        addresses.discard(address)
        if not addresses:
            del vpc.addresses[mac]
    return set() if mac is None else {mac}


def _forget_mac(vpc: _Vpc, mac: int) -> None:
    vpc.known.forwarding.pop(mac, None)
    vpc.known.memberships.pop(mac, None)
    vpc.learned_at.pop(mac, None)
    vpc.asked_at.pop(mac, None)
    vpc.to_renew.macs.discard(mac)
    for address in list(vpc.addresses.get(mac, ())):
        _forget_address(vpc, address)
