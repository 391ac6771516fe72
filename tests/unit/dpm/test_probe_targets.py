"""Hosts are told whom to probe and who may lead them when they come, and again when that changed."""

from alcor.channels.messages import Guidance, Hello, ProbeTargets, RelayCandidates
from alcor.channels.rescue import handshake
from alcor.dpm.probe_rings import FAR, NEAR
from alcor.dpm.probe_targets import ProbeTargeting
from alcor.dpm.read_model import ReadModel
from alcor.model.records import NodeRecord

SECRET = b"s" * 32
HOUR = 3600.0


class Connection:
    """A host that writes down what it is told."""

    def __init__(self, host_id: str, *, takes: bool = True) -> None:
        self.hello = Hello(host_id, b"b" * 16, takes_probe_targets=takes, takes_relays=takes)
        self.targets: list[ProbeTargets] = []
        self.relays: list[RelayCandidates] = []

    def tell(self, guidance: Guidance) -> None:
        match guidance:
            case ProbeTargets():
                self.targets.append(guidance)
            case RelayCandidates():
                self.relays.append(guidance)


class Region:
    """So many nodes, of which the first is connected."""

    def __init__(self, hosts: int, *, interval: float = 10.0, takes: bool = True) -> None:
        self.model = ReadModel(revision=1)
        self.now = 0.0
        for index in range(hosts):
            self.add(index)
        self.host = Connection("host-0", takes=takes)
        connections = {"host-0": self.host}
        self.targeting = ProbeTargeting(
            connections,  # type: ignore[arg-type]
            lambda: self.model,
            interval,
            1500,
            lambda: SECRET,
            lambda: self.now,
        )

    def add(self, index: int) -> None:
        self.model.put_node(NodeRecord(f"host-{index}", index, 100 + index))
        self.model.revision += 1

    async def connect(self) -> None:
        await self.targeting.look()
        self.targeting.connected("host-0")


async def test_a_host_that_comes_is_told_where_others_are() -> None:
    region = Region(20)
    await region.connect()
    (told,) = region.host.targets
    assert NEAR <= len(told.targets) <= NEAR + FAR
    assert {1, 2} <= told.targets.keys()
    assert all(address == 100 + index for index, address in told.targets.items())
    (relays,) = region.host.relays
    assert relays.key == handshake.relay_key(SECRET, "host-0")
    for each in relays.candidates:
        assert each.token == handshake.token(handshake.relay_key(SECRET, each.host_id), "host-0")


async def test_nothing_is_told_before_it_is_known_or_to_who_does_not_take_it() -> None:
    early, old = Region(3), Region(3, takes=False)
    early.targeting.connected("host-0")
    await old.connect()
    assert early.host.targets == early.host.relays == old.host.targets == old.host.relays == []


async def test_probes_change_with_the_hour_and_relays_do_not() -> None:
    region = Region(200)
    await region.connect()
    region.now = HOUR
    assert await region.targeting.look()
    region.targeting.connected("host-0")
    first, second = region.host.targets
    assert first != second
    one, other = region.host.relays
    assert one == other


async def test_rings_stay_while_no_host_comes_or_goes() -> None:
    region = Region(5)
    assert await region.targeting.look()
    region.model.revision += 1
    assert not await region.targeting.look()
    region.add(7)
    assert await region.targeting.look()
    assert region.targeting.host_id(7) == "host-7"
    assert region.targeting.host_id(6) is None


async def test_hosts_that_probe_nobody_still_say_how_they_do() -> None:
    region = Region(5, interval=0.0)
    await region.connect()
    assert [told.targets for told in region.host.targets] == [{}]
