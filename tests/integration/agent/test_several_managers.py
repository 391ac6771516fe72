"""Network Config Managers share the VPCs of a host, and take over from each other."""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.on_demand.manager import Manager
from alcor.agent.settings import AgentSettings
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.messages import Welcome
from alcor.channels.ncm_messages import NcmWelcome, Questions
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.goal_state import GoalStateDelta, Vpc
from alcor.model.rendezvous import order
from tests.integration.agent.managers import HERE, THERE, Host, Ncm
from tests.integration.southbound.conftest import eventually
from tests.unit.agent.test_agent import LOG_ID, Controller

VNIS = range(1, 101)  # so many that each of a few managers gets some, whatever their addresses are


class Region:
    """A host, one manager at the configured controller, and others."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.configured = Ncm(directory, "controller")
        self.ncms: dict[str, Ncm] = {}
        self.host = Host(directory / "host", VNIS, [self.configured.address])

    async def start(self, *names: str) -> list[Ncm]:
        """Start managers, and tell the host of them."""
        for name in names:
            self.ncms[name] = Ncm(self.directory, name)
            await self.ncms[name].start()
        self.tell(*names)
        return [self.ncms[name] for name in names]

    def tell(self, *names: str) -> None:
        self.host.asking.told_ncms(tuple(self.address(name) for name in names))

    def address(self, name: str) -> str:
        return f"unix:{self.directory}/{name}"

    def first(self, vni: int, *names: str) -> str:
        return order(vni, [self.address(name) for name in names])[0]

    async def spread(self, *names: str) -> None:
        """Every VPC is asked about where its order says."""
        expected = {vni: self.first(vni, *names) for vni in VNIS}
        await eventually(lambda: self.host.asks() == expected, f"VPCs are asked about at {names}")

    async def learn(self) -> None:
        for vni in VNIS:
            self.host.ask(vni)
        await eventually(lambda: all(map(self.host.knows, VNIS)), "all peers are learned")


@pytest.fixture
async def region() -> AsyncIterator[Region]:
    with tempfile.TemporaryDirectory(prefix="alcor-ncm-") as name:
        directory = Path(name)
        (directory / "host").mkdir()
        region = Region(directory)
        await region.configured.start()
        await region.host.start()
        yield region
        await region.host.stop()
        for ncm in (region.configured, *region.ncms.values()):
            await ncm.kill()


async def test_every_vpc_is_asked_about_at_its_own_manager(region: Region) -> None:
    ncms = await region.start("a", "b", "c")
    await region.spread("a", "b", "c")
    await region.learn()
    for ncm in ncms:
        mine = {vni for vni in VNIS if region.first(vni, "a", "b", "c") == ncm.address}
        assert mine
        assert ncm.questions.keys() == mine


async def test_the_vpcs_of_one_that_dies_are_answered_by_others(region: Region) -> None:
    a, *others = await region.start("a", "b", "c")
    await region.spread("a", "b", "c")
    await region.learn()
    moving = [vni for vni in VNIS if region.first(vni, "a", "b", "c") == a.address]
    before = {ncm.name: ncm.questions.copy() for ncm in others}
    await a.kill()
    await region.spread("b", "c")
    assert all(map(region.host.knows, VNIS)), "what was learned is kept"
    for ncm in others:
        mine = [vni for vni in moving if region.first(vni, "b", "c") == ncm.address]
        await eventually(lambda ncm=ncm, mine=mine: all(ncm.questions[vni] for vni in mine), "they are asked anew")  # type: ignore[misc]
        assert ncm.questions.keys() == {*mine, *before[ncm.name]}
        for vni in mine:
            ncm.tell(vni, THERE)
            await eventually(lambda vni=vni: region.host.peer_at(vni) == THERE, "the new one's news are followed")  # type: ignore[misc]
    await a.start()
    a.questions.clear()
    await region.spread("a", "b", "c")
    await eventually(lambda: a.questions.keys() == set(moving), "it is asked anew when it is back")


async def test_what_waited_for_one_that_dies_is_asked_of_another(region: Region) -> None:
    a, _ = await region.start("a", "b")
    await region.spread("a", "b")
    a.asked = lambda host, questions: None  # type: ignore[method-assign]
    vni = next(vni for vni in VNIS if region.first(vni, "a", "b") == a.address)
    region.host.ask(vni)
    await a.kill()
    await eventually(lambda: region.host.knows(vni), "another answers")


async def test_a_new_list_moves_only_those_whose_first_choice_changed(region: Region) -> None:
    await region.start("a", "b")
    await region.spread("a", "b")
    await region.learn()
    streams = {vni: region.host.on_demand.manager(vni) for vni in VNIS}
    (c,) = await region.start("c")
    region.tell("a", "b", "c")
    await region.spread("a", "b", "c")
    stayed = {vni for vni in VNIS if region.first(vni, "a", "b", "c") != c.address}
    assert stayed
    assert stayed == {vni for vni in VNIS if region.host.on_demand.manager(vni) is streams[vni]}
    await eventually(lambda: c.questions.keys() == set(VNIS) - stayed, "those that moved are asked about anew")


async def test_one_that_left_the_list_is_left(region: Region) -> None:
    a, b = await region.start("a", "b")
    await region.spread("a", "b")
    await region.learn()
    region.tell("b")
    await region.spread("b")
    await eventually(lambda: not a.connected(), "its stream is closed")
    assert b.connected()


async def test_one_is_not_left_before_the_next_is_reached(region: Region) -> None:
    (a,) = await region.start("a")
    await region.spread("a")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(region.directory / "silent"))
        silent.listen()
        region.tell("silent")
        await region.learn()
        assert a.questions.keys() == set(VNIS), "the one before still answers"
        expected = dict.fromkeys(VNIS, region.configured.address)
        await eventually(lambda: region.host.asks() == expected, "nobody waits for one that does not answer")


async def test_without_a_list_and_without_anybody_on_it_the_controllers_are_asked(region: Region) -> None:
    everybody = dict.fromkeys(VNIS, region.configured.address)
    region.host.asking.controller_reached()
    await eventually(lambda: region.host.asks() == everybody, "the controller is asked before it tells of others")
    a, b = await region.start("a", "b")
    await region.spread("a", "b")
    await a.kill()
    await b.kill()
    await eventually(lambda: region.host.asks() == everybody, "the controller is asked while nobody else is there")
    await region.learn()
    await b.start()
    await region.spread("b")
    region.tell()
    await eventually(lambda: region.host.asks() == everybody, "the controller is asked when there is no list")


async def test_a_host_whose_asking_failed_connects_and_asks_again(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ncm,) = await region.start("a")
    await region.spread("a")
    await region.learn()
    ask, failures = region.host.on_demand.next_questions, [RuntimeError("once")]
    before = region.host.on_demand.manager(VNIS[0])

    async def fail_once(manager: Manager) -> Questions:
        questions = await ask(manager)
        if manager.address == ncm.address and manager is not before and failures:
            ncm.questions.clear()
            raise failures.pop()
        return questions

    monkeypatch.setattr(region.host.on_demand, "next_questions", fail_once)
    ncm.end_streams()
    asked_anew = "asking has failed, and all are asked about anew"
    await eventually(lambda: not failures and set(ncm.questions) == set(VNIS), asked_anew, seconds=20)


async def test_one_that_has_missed_something_is_asked_anew(region: Region) -> None:
    (a,) = await region.start("a")
    await region.spread("a")
    await region.learn()
    a.questions.clear()
    a.peer_at = THERE
    a.end_streams()
    await eventually(lambda: all(region.host.peer_at(vni) == THERE for vni in VNIS), "all is asked anew")
    await region.spread("a")


async def test_one_that_sends_hosts_elsewhere_is_left(region: Region) -> None:
    async def full(_requests: object, context: Any) -> None:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "go elsewhere")

    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(full)
    generic = grpc.method_handlers_generic_handler("alcor.southbound.v1.NetworkConfig", {"Ask": handler})
    server.add_generic_rpc_handlers((generic,))
    server.add_insecure_port(region.address("full"))
    await server.start()
    await region.start("a")
    region.tell("full", "a")
    await region.spread("a")
    await server.stop(0)


async def test_news_from_one_that_no_longer_answers_for_the_vpc_are_passed_over(region: Region) -> None:
    a, _, c = await region.start("a", "b", "c")
    region.tell("a", "b")
    await region.spread("a", "b")
    await region.learn()
    region.tell("a", "b", "c")
    await region.spread("a", "b", "c")
    kept = next(vni for vni in VNIS if region.first(vni, "a", "b", "c") == a.address)
    lost = next(vni for vni in VNIS if region.first(vni, "a", "b") == a.address != region.first(vni, "a", "b", "c"))
    await eventually(lambda: c.questions[lost] > 0, "it is asked about at the new one")
    a.tell(lost, THERE)
    a.tell(kept, THERE)
    await eventually(lambda: region.host.peer_at(kept) == THERE, "the later news are there")
    assert region.host.peer_at(lost) == HERE


async def test_a_list_of_addresses_that_lead_nowhere_does_no_harm(region: Region) -> None:
    nowhere = ("256.1.1.1:1", "[zz]:1", "a..b:1", "unix:" + "x" * 107, "unix:@nobody", "-:1", "1:1")
    region.host.asking.told_ncms(nowhere)
    await eventually(
        lambda: all(len(region.host.asking._links) > 1 and where for where in region.host.asks().values()),
        "somebody is asked",
    )
    await region.learn()
    states = {manager["address"]: manager["state"] for manager in region.host.asking.managers()}
    assert states[region.configured.address] == "connected"


async def test_controllers_are_not_asked_while_they_may_still_tell_whom_to_ask(region: Region) -> None:
    for vni in VNIS:
        region.host.ask(vni)
        await asyncio.sleep(0)
    assert region.host.asking.managers() == []
    await region.start("a")
    await region.spread("a")
    await region.learn()
    assert not region.configured.questions


async def test_an_agent_that_restarts_asks_about_the_vpcs_that_it_had(region: Region) -> None:
    await region.host.stop()
    again = Host(region.directory / "host", VNIS, [region.configured.address])
    assert again.on_demand.vnis() == set(VNIS)
    region.host = again
    again.asking.controller_reached()
    asking = asyncio.create_task(again.asking.run())
    await region.learn()
    asking.cancel()


class OnDemandController(Controller):
    """Gives its host a VPC on demand."""

    def snapshot(self, connection: object) -> GoalStateDelta:
        return GoalStateDelta(revision=1, snapshot=True, vpcs={5: Vpc(bytes(16), 5, 1450, on_demand=True)})


@pytest.mark.parametrize("tells", [True, False])
async def test_an_agent_asks_where_its_controller_tells_it_to_and_says_so(region: Region, tells: bool) -> None:
    (a,) = await region.start("a")
    address = region.address("southbound")
    server = FastPathServer(address, Welcome(LOG_ID), OnDemandController())
    server.add_service(NcmService(NcmWelcome("controller", 60, 5), region.configured).handler())
    if tells:
        server.tell_ncms([a.address])
    await server.start()
    directory = region.directory / "agent"
    directory.mkdir()
    settings = AgentSettings("host-2", (address,), "192.168.0.1", str(directory), driver="memory")
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, MemoryDataPlane(), stop))
    expected = [{"address": a.address if tells else address, "state": "connected", "vnis": [5]}]
    status: dict[str, Any] = {}
    transport = httpx.AsyncHTTPTransport(uds=str(settings.socket_path()))
    async with asyncio.timeout(8), httpx.AsyncClient(transport=transport) as client:
        while status.get("network_config_managers") != expected:
            with contextlib.suppress(httpx.TransportError):
                status = (await client.get("http://agent/status")).json()
            await asyncio.sleep(0.01)
    assert (status["vpcs_on_demand"], status["vpcs_without_manager"]) == (1, 0)
    stop.set()
    await task
    await server.stop(0)
