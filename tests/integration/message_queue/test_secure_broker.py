"""A broker lets in those whom the region's authority has certified, and each do what its part in the protocol needs."""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import msgspec
import pytest

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.opening import MessageQueue, open_queue
from alcor.channels.message_queue.queue import HELLOS, Consumer, QueueUnavailable
from alcor.channels.topics import TopicUnavailable
from alcor.channels.trust.credentials import Credentials, CredentialSource, believing
from alcor.channels.trust.identity import Kind
from alcor.model.queue_slots import slot_of
from tests.brokers import Broker, skip_where_not_installed
from tests.integration.message_queue.serving import PATIENCE_SECONDS, eventually
from tests.region_trust import HOUR, RegionTrust

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started

VPC = "vpc-1"
T = TypeVar("T")


@pytest.fixture(scope="module")
def trust() -> RegionTrust:
    return RegionTrust()


@pytest.fixture(scope="module")
def secure_broker(trust: RegionTrust, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    skip_where_not_installed()
    directory = tmp_path_factory.mktemp("secure")
    trust.keep_for_broker(directory / "trust")
    with Broker(directory, directory / "trust").running() as broker:
        yield broker


@pytest.fixture
def address(secure_broker: Broker) -> QueueAddress:
    return QueueAddress(secure_broker.url, secure_broker.new_namespace())


Opens = Callable[[CredentialSource], MessageQueue]


@pytest.fixture
def refused() -> Counter[str]:
    """What was counted."""
    return Counter()


@pytest.fixture
async def opens(address: QueueAddress, refused: Counter[str]) -> AsyncIterator[Opens]:
    """Opens the message queue for whoever shows these."""
    queues: list[MessageQueue] = []

    def open_for(credentials: CredentialSource) -> MessageQueue:
        queues.append(open_queue(address, credentials, lambda kind: refused.update((kind,))))
        return queues[-1]

    yield open_for
    for each in queues:
        await each.close()


@pytest.fixture
def controller(opens: Opens, trust: RegionTrust) -> MessageQueue:
    shown = trust.of(Kind.CONTROLLER, "c1")
    return opens(lambda: shown)


@pytest.fixture
def host(opens: Opens, trust: RegionTrust) -> MessageQueue:
    shown = trust.of(Kind.HOST, "host-1")
    return opens(lambda: shown)


async def opened(opens: Callable[[], Awaitable[T]]) -> T:
    """What is opened, however busy the machine is; raises what it is refused with."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await opens()
            except (QueueUnavailable, TopicUnavailable) as error:
                if str(error) != "the broker does not answer":
                    raise


async def heard(consumer: Consumer) -> bytes:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await consumer.next()


async def test_hosts_and_controllers_reach_each_other(controller: MessageQueue, host: MessageQueue) -> None:
    hellos = await opened(lambda: controller.streams.take_turns(HELLOS))
    await host.streams.publisher(HELLOS).send(b"hello")
    assert await heard(hellos) == b"hello"
    own = await opened(lambda: host.streams.slot("group-1", slot_of("host-1")))
    await controller.streams.publisher("group-1").send(b"welcome", "host-1")
    assert await heard(own) == b"welcome"
    passing = await opened(lambda: host.streams.passing("welcome-1"))
    await controller.streams.passing_publisher("welcome-1").send(b"listen there")
    assert await heard(passing) == b"listen there"
    reader, has_turn = await opened(lambda: host.topics.read(VPC)), asyncio.Event()
    writer = controller.topics.write(VPC, has_turn.set)
    await has_turn.wait()
    writer.send(b"a neighbour", lambda: None)
    assert await reader.next() == b"a neighbour"


async def test_a_host_cannot_tell_other_hosts_anything(
    host: MessageQueue, refused: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    said = [
        host.streams.publisher("group-1").send(b"a goal state", "host-2"),
        host.streams.passing_publisher("welcome-2").send(b"listen elsewhere"),
    ]
    publishing, has_turn = host.topics.write(VPC, lambda: has_turn.set()), asyncio.Event()
    await eventually(lambda: refused["not_permitted"] >= 7, "all were refused, and again")
    assert not any(each.done() for each in said) and not has_turn.is_set()
    publishing.close()
    for topic in ("group-1", "welcome-2", "vpc-1"):
        assert sum(f"{topic}" in text and "grant it the rights" in text for text in admission_log(caplog)) == 1


def admission_log(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name.endswith("admission")]


async def test_a_host_cannot_hear_what_hosts_say(host: MessageQueue) -> None:
    with pytest.raises(QueueUnavailable, match="does not let the role alcor-host use topic"):
        await opened(lambda: host.streams.take_turns(HELLOS))
    with pytest.raises(QueueUnavailable, match="does not let the role alcor-host use topic"):
        await opened(lambda: host.streams.alone("from-hosts/controller-c1"))


async def test_a_host_does_nothing_outside_its_namespaces(host: MessageQueue) -> None:
    with pytest.raises(QueueUnavailable, match="does not let the role alcor-host use topic"):
        await opened(lambda: host.streams.passing("persistent://public/default/anything"))


def ended(trust: RegionTrust) -> Credentials:
    return trust.of(Kind.HOST, "host-1", seconds=-HOUR / 60)


def of_another_authority(trust: RegionTrust) -> Credentials:
    return msgspec.structs.replace(RegionTrust().of(Kind.HOST, "host-1"), authorities=trust.authorities)


@pytest.mark.parametrize("shown", [ended, of_another_authority])
async def test_who_shows_a_certificate_that_does_not_hold_is_told_so_once(
    shown: Callable[[RegionTrust], Credentials],
    trust: RegionTrust,
    opens: Opens,
    refused: Counter[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    credentials = shown(trust)
    queue = opens(lambda: credentials)
    for _ in range(3):
        with pytest.raises(QueueUnavailable, match="refuses this process's certificate"):
            await opened(lambda: queue.streams.passing("welcome-1"))
        with pytest.raises(TopicUnavailable, match="refuses this process's certificate"):
            await opened(lambda: queue.topics.read(VPC))
    assert refused["not_admitted"] >= 6
    assert len(admission_log(caplog)) == 1


async def test_a_broker_of_another_authority_is_told_nothing(opens: Opens, refused: Counter[str]) -> None:
    stranger = RegionTrust().of(Kind.HOST, "host-1")
    queue = opens(lambda: stranger)
    with pytest.raises(QueueUnavailable, match=r"is not believed .*alcor trust broker-token 127.0.0.1"):
        await opened(lambda: queue.streams.passing("welcome-1"))
    assert refused["not_admitted"]


async def test_who_shows_no_certificate_is_not_let_in(address: QueueAddress, trust: RegionTrust) -> None:
    name, _, port = address.servers[0].rpartition(":")
    reader, writer = await asyncio.open_connection(name, int(port), ssl=believing(trust.authorities))
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        await reader.read(1)
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def test_a_process_without_a_certificate_waits_for_one_and_takes_up_another_by_itself(
    opens: Opens, trust: RegionTrust, controller: MessageQueue
) -> None:
    shown: Credentials | None = None
    queue = opens(lambda: shown)
    with pytest.raises(QueueUnavailable, match="no certificate yet"):
        await opened(lambda: queue.streams.passing("welcome-1"))
    shown = ended(trust)
    with pytest.raises(QueueUnavailable, match="refuses this process's certificate"):
        await opened(lambda: queue.streams.passing("welcome-1"))
    shown = trust.of(Kind.HOST, "host-1")
    hellos = await opened(lambda: controller.streams.take_turns(HELLOS))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await queue.streams.publisher(HELLOS).send(b"hello")
        assert await heard(hellos) == b"hello"


async def test_another_certificate_cuts_nothing_and_counts_when_the_broker_is_back(
    opens: Opens, trust: RegionTrust, controller: MessageQueue, secure_broker: Broker, address: QueueAddress
) -> None:
    shown = trust.of(Kind.HOST, "host-1")
    queue = opens(lambda: shown)
    hellos = await opened(lambda: controller.streams.take_turns(HELLOS))
    publisher = queue.streams.publisher(HELLOS)
    await publisher.send(b"1")

    def connected_since() -> str:
        stats = secure_broker.statistics(f"{address.from_hosts}/hellos")
        since: str = stats["publishers"][0]["connectedSince"]
        return since

    before, shown = connected_since(), trust.of(Kind.HOST, "host-1")
    await publisher.send(b"2")
    assert connected_since() == before
    secure_broker.kill()
    secure_broker.start()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await publisher.send(b"3")
        while await heard(hellos) != b"3":  # what was taken as the broker went comes again
            pass
