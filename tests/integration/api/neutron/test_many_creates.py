"""What a member's new ports cost the database does not grow with their number."""

from collections import Counter
from threading import current_thread

from sqlalchemy import event

from alcor.services.manager import Create
from alcor.services.ports.port import PORTS
from alcor.store.store import Store
from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Neutron, shown

WRITER = "alcor-writer"


async def statements(store: Store, neutron: Neutron, network_id: str, count: int) -> int:
    """How often the database is asked for anything while so many ports are created together."""
    seen: Counter[str] = Counter()

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if current_thread().name == WRITER:  # tables are analysed beside it, when they have grown
            seen[statement.split(" ", 1)[0]] += 1

    event.listen(store._engine, "before_cursor_execute", keep)
    body = {"ports": [{"network_id": network_id} for _ in range(count)]}
    shown(await neutron.http.post("/v2.0/ports", json=body), 201)
    event.remove(store._engine, "before_cursor_execute", keep)
    return seen["SELECT"]


async def test_the_policy_asks_about_a_network_once(store: Store, sign_in: As) -> None:
    member = Neutron(sign_in("blue", "member", "reader"))
    network = await member.create("network")
    await member.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/16")
    few = await statements(store, member, network["id"], 2)
    assert await statements(store, member, network["id"], 100) == few


async def test_what_creating_ports_begins_with_is_known_from_the_requests(store: Store, sign_in: As) -> None:
    member = Neutron(sign_in("blue", "member", "reader"))
    networks = [await member.create("network") for _ in range(2)]
    for network in networks:
        await member.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/16")
    items = [{"network_id": network["id"], "project_id": "blue"} for network in networks]
    seen: list[tuple[str, object]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", keep)
    await member.create_bulk("port", *items)
    event.remove(store._engine, "before_cursor_execute", keep)
    create = Create([PORTS.resource.check_create(each) for each in items])
    reads = await store.read(lambda connection: list(PORTS.create_reads(connection, [create])))
    asked = [(statement, values if isinstance(values, dict) else tuple(values)) for statement, values in reads]
    assert len(asked) == 4
    assert [each for each in asked if each not in seen] == []
