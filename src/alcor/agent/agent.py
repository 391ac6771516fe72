"""The control agent of a host, put together from its parts and run until a signal comes."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from alcor.agent.announcing import Announcing
from alcor.agent.counters import Counters, prometheus_text
from alcor.agent.dhcp.server import DhcpSettings
from alcor.agent.dns.answering import Answering
from alcor.agent.dns.directory import NameDirectory
from alcor.agent.dns.forwarding import Forwarder
from alcor.agent.dns.server import DnsServer, OverTcp, OverUdp
from alcor.agent.flooding import Flooding
from alcor.agent.health.probing import Probing
from alcor.agent.health.reporting import HealthReports
from alcor.agent.inspection import Inspection
from alcor.agent.ipv6.advertising import Advertising
from alcor.agent.local_api import LocalApi
from alcor.agent.metadata.proxy import MetadataProxy
from alcor.agent.on_demand.asking import Asking
from alcor.agent.on_demand.learned_file import LEARNED, NEXT_HOPS, LearnedFile
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.pace import paced
from alcor.agent.punt import PuntedPackets
from alcor.agent.reconcile import Reconciler
from alcor.agent.reports import Reports
from alcor.agent.rescue.relay import Relay
from alcor.agent.rescue.rescue import RELAYS, Rescue, patience_of
from alcor.agent.routing.routing import Routing
from alcor.agent.security.security import Security
from alcor.agent.services.listening import Offer, Services
from alcor.agent.settings import AgentSettings, SettingsError
from alcor.agent.southbound import Southbound
from alcor.agent.tracing import Tracing
from alcor.agent.trust.membership import Membership
from alcor.agent.wanted import Wanted
from alcor.channels.fast_path.name_client import NameClient
from alcor.channels.fast_path.opening import open_plain
from alcor.channels.message_queue.address import parse_queue
from alcor.channels.message_queue.opening import MessageQueue, open_queue
from alcor.channels.message_queue.queue import QueueUnavailable
from alcor.channels.trust.credentials import CredentialSource
from alcor.channels.ways import Ways
from alcor.dataplane.driver import DataPlane
from alcor.dataplane.host_services import ClientAddresses
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.ovs.driver import OvsDataPlane
from alcor.dataplane.ovs.settings import OvsSettings
from alcor.model.addresses import ipv4_number

log = logging.getLogger(__name__)


async def run_agent(settings: AgentSettings, driver: DataPlane | None = None) -> None:
    """Run a control agent until SIGTERM or SIGINT. The data plane goes on as it is when the agent stops.

    ``driver`` replaces the one the settings name. Raises SettingsError when the data directory cannot be used.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        with data_directory(settings):
            await serve(settings, driver or make_driver(settings), stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def serve(settings: AgentSettings, driver: DataPlane, stop: asyncio.Event) -> None:
    """Run an agent on a driver until ``stop`` is set."""
    counters, reports = Counters(), Reports()
    wanted = Wanted(Path(settings.data_directory))
    wanted.load()
    dhcp = DhcpSettings(settings.dhcp_lease_seconds)
    on_demand = OnDemand(wanted, driver, counters, time.monotonic)
    advertising = Advertising(wanted, driver, counters)
    rates = settings.punt_rate_per_port, settings.punt_rate
    punted = PuntedPackets(wanted, driver, counters, dhcp, on_demand, advertising, *rates)
    vtep = ipv4_number(settings.vtep_ip)
    routing = Routing(wanted, driver, counters, on_demand, punted, vtep)
    security = Security(wanted, driver, counters, on_demand, time.monotonic)
    announcing = Announcing(wanted, on_demand, punted, counters)
    flooding = Flooding(vtep, settings.flood_copies)
    reconciler = Reconciler(
        wanted, driver, reports, counters, vtep, punted, on_demand, routing, advertising, security, announcing, flooding
    )
    directory = Path(settings.data_directory)
    files = [
        LearnedFile(directory / LEARNED, on_demand.learned.dump, on_demand.restore, counters),
        LearnedFile(directory / NEXT_HOPS, routing.next_hops.dump, routing.next_hops.restore, counters),
    ]
    has_queue = bool(settings.message_queue) and settings.channel != "fast"
    patience = patience_of(settings.rescue_after, has_queue)
    doors = directory / "rescue"
    rescue = Rescue(settings.host_id, settings.controllers, settings.relay_port, doors, counters, patience)
    files.append(LearnedFile(directory / RELAYS, rescue.dump, rescue.restore, counters))
    for file in files:
        file.load()
    membership = make_membership(settings, counters, rescue.target)
    open_channel = open_plain if membership is None else membership.open_channel
    credentials = None if membership is None else membership.current
    asking = Asking(
        settings.host_id, settings.controllers, on_demand, counters, open_channel=open_channel, ways=rescue.target
    )
    enrolment = settings.enrolment_addresses()
    relay = Relay(
        settings.vtep_ip,
        settings.relay_port,
        rescue.key,
        lambda: {*asking.addresses(), *enrolment},
        lambda: rescue.is_relayed,
        counters,
    )
    probing = Probing(settings.vtep_ip, settings.probe_port, counters)
    health = HealthReports(probing, reconciler, driver, reports)
    message_queue = opened_queue(settings, credentials, counters)
    southbound = Southbound(
        settings.host_id,
        settings.controllers,
        wanted,
        reconciler,
        reports,
        counters,
        asking,
        health,
        rescue,
        open_channel,
        settings.channel,
        message_queue,
    )

    def changed_over() -> None:
        asking.dial_anew()
        southbound.dial_anew()

    rescue.changed_over = changed_over
    metadata = MetadataProxy(settings.metadata, wanted, driver, counters)
    names = NameClient(open_channel=open_channel, ways=rescue.target)
    directory_of_names = NameDirectory(settings.host_id, asking.order, names, counters)
    answering = Answering(wanted, directory_of_names, Forwarder(settings.dns.resolvers))
    dns = DnsServer(answering, wanted, driver, counters)
    reconciler.interface_gone = [metadata.forget, dns.forget]
    offers: list[Offer] = [metadata, OverUdp(dns), OverTcp(dns)]
    services = Services(driver, ClientAddresses(settings.service_network), offers)
    inspection = Inspection(
        settings.host_id,
        wanted,
        reconciler,
        southbound,
        on_demand,
        asking,
        routing,
        services,
        health,
        relay,
        counters,
        membership,
    )

    async def metrics() -> str:
        return prometheus_text(counters, inspection.gauges())

    async def probes() -> list[dict[str, str | int]]:
        return probing.page()

    pages = {"status": inspection.status, "ports": inspection.ports, "flows": driver.describe, "metrics": metrics}
    pages["probes"] = probes
    tracing = Tracing(wanted, driver, on_demand, vtep)
    local_api = LocalApi(settings.socket_path(), pages, {"trace": tracing.page})
    await local_api.start()
    log.info("agent of host %s runs at revision %d", settings.host_id, wanted.state.revision)
    parts = [reconciler.run(), punted.send_replies(), southbound.run(), asking.run(), advertising.run(), services.run()]
    parts += [punted.flood_questions(), probing.run(), health.run(), rescue.run(), relay.run()]
    parts += [file.run() for file in files]
    if membership is not None:
        parts.append(membership.run())
    try:
        await _until(stop, *parts, audits(reconciler, settings.audit_seconds))
    finally:
        await local_api.stop()
        await metadata.close()
        await names.close()
        if message_queue is not None:
            await message_queue.close()
        await driver.stop()
        wanted.close()
        log.info("agent of host %s has stopped; its workloads' traffic goes on", settings.host_id)


def make_membership(settings: AgentSettings, counters: Counters, ways: Ways) -> Membership | None:
    """What sees to the host's certificate; None where none are shown. Raises SettingsError."""
    if not settings.trust.is_secure(settings.controllers):
        return None
    membership = Membership(
        settings.host_id, settings.controllers, settings.trust, Path(settings.data_directory), counters, ways=ways
    )
    try:
        membership.load()
    except OSError as error:
        raise SettingsError(f"the certificate in {settings.data_directory} cannot be read: {error.strerror}") from error
    return membership


async def audits(reconciler: Reconciler, interval: float) -> None:
    """Have the data plane audited about every so many seconds, for ever."""
    async for _ in paced(interval, interval):
        reconciler.audit()


async def _until(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until the event comes; a part that ends by itself is a fault and ends them all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in parts]
        await stop.wait()
        for task in tasks:
            task.cancel()


def opened_queue(
    settings: AgentSettings, credentials: CredentialSource | None, counters: Counters
) -> MessageQueue | None:
    """The message queue that the settings name and the agent may use. Raises SettingsError without its client."""
    if not settings.message_queue or settings.channel == "fast":
        return None
    try:
        return open_queue(parse_queue(settings.message_queue), credentials, lambda kind: counters.add(f"queue_{kind}"))
    except QueueUnavailable as error:
        raise SettingsError(str(error)) from error


def make_driver(settings: AgentSettings) -> DataPlane:
    """The driver that the settings name."""
    if settings.driver == "memory":
        return MemoryDataPlane()
    table = settings.ovs
    return OvsDataPlane(
        OvsSettings(
            vtep_ip=settings.vtep_ip,
            run_directory=table.run_directory,
            integration_bridge=table.integration_bridge,
            datapath=table.datapath,
            punt_rate=table.punt_rate,
            fragment_rate=table.fragment_rate,
            idle_seconds=table.idle_seconds,
            connections=table.connections,
            service_network=settings.service_network,
        )
    )


@contextlib.contextmanager
def data_directory(settings: AgentSettings) -> Iterator[None]:
    """Make the data directory and hold it for one agent only. Raises SettingsError."""
    directory = Path(settings.data_directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.socket_path().parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(f'data_directory = "{directory}" cannot be used: {error.strerror}') from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise SettingsError(
            f'data_directory = "{directory}" is in use by a running agent: stop it, or give this one its own'
        ) from error
    try:
        yield
    finally:
        os.close(lock)
