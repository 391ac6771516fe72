"""What clients list and count is found by an index: what it costs follows what is found, not what is stored.

On PostgreSQL reading whole tables is made to look expensive, as it is once they are larger still: where there is an
index that helps, the plan has it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, event

from alcor.api.app import ApiSettings, create_app
from alcor.model.context import Context
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.subnets.subnet import SUBNETS
from alcor.store.store import Store
from tests.integration.services.cloud import Cloud

_READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_WRITES = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b", re.IGNORECASE)  # in what a WITH names, too
_SCAN = re.compile("SCAN (?!CONSTANT|anon_|zone$|[(])")  # what a statement made itself is no table
ID = "0198f000-0000-7000-8000-000000000001"

FOUND = (
    "ports?limit=50",
    f"ports?limit=50&network_id={ID}",
    f"ports?device_id={ID}",
    "ports?mac_address=fa:16:3e:00:00:01",
    "ports?fixed_ips=ip_address%3D10.0.0.1",
    f"ports?fixed_ips=subnet_id%3D{ID}",
    f"ports?security_groups={ID}",
    "ports?binding:host_id=host-1",
    "ports?tags=blue",
    f"ports?id={ID}",
    "ports?project_id=p&limit=50",
    "networks?limit=50",
    "networks?project_id=p",
    "networks?tags=blue",
    "subnets?limit=50",
    f"subnets?network_id={ID}",
    "subnets?project_id=p",
    f"floatingips?port_id={ID}",
    f"floatingips?router_id={ID}",
    f"floatingips?floating_network_id={ID}",
    "routers?project_id=p",
    f"security-group-rules?security_group_id={ID}",
    f"security-group-rules?remote_group_id={ID}",
    "security-groups?project_id=p",
    f"trunks?port_id={ID}",
    f"segments?network_id={ID}",
    "quotas/p/details.json",
    f"network-ip-availabilities/{ID}",
    f"ports/{ID}",
)
"""What the operator asks for."""

IN_ORDER = ("ports?limit=50", "networks?limit=50", "subnets?limit=50")
"""Pages of what is everybody's, which end where they are full."""

FOUND_BY_MEMBERS = (
    "ports?limit=50",
    f"ports?network_id={ID}",
    f"ports?device_id={ID}",
    "ports?fixed_ips=ip_address%3D10.0.0.1",
    "networks?limit=50",
    "subnets?limit=50",
    "routers?limit=50",
    "floatingips?limit=50",
    "security-groups?limit=50",
)
"""What a member of a project asks for."""

STORED = 2_000
ADMINISTRATOR = Context(project_id="p")
MEMBER = Context(project_id="p", is_admin=False)
FILLED = ("network", "subnet", "port", "ip_allocation", "security_group", "port_security_group", "segment")
SMALL = ("rbac_policy", "network_segment_range", "default_security_group_rule")


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The statements that read, as they are carried out."""
    seen: list[tuple[str, Any]] = []

    def keep(_connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if _READS.match(statement) and not _WRITES.search(statement):
            seen.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", keep)
    yield seen
    event.remove(store._engine, "before_cursor_execute", keep)


def scans(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """The steps of the plan that read all rows of a table, by an index or not."""
    if connection.dialect.name == "sqlite":
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        whole = [step for step in plan if _SCAN.match(step)]
    else:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
        whole = [step for step, detail in pairwise([*plan, ""]) if " Scan" in step and not _narrows(step, detail)]
        whole = [step for step in whole if any(f" on {table} " in step for table in FILLED)]
    return [step for step in whole if not any(f" {table}" in step for table in SMALL)]


def _by_id(step: str) -> bool:
    """Whether rows are read in the order of their ids, from which a page takes the first."""
    return "sqlite_autoindex" in step or "using pk_" in step


def _narrows(step: str, detail: str) -> bool:
    """Whether a scan reads only what its index says fulfils the condition, or no table."""
    reads_table = " on " in step and "Subquery Scan" not in step and "CTE Scan" not in step
    return not reads_table or "Index Cond" in detail or "Bitmap Heap Scan" in step


async def fill(cloud: Cloud) -> None:
    """What many projects have."""
    owners = [{"project_id": f"p{number}"} for number in range(STORED)]
    networks = await cloud.create(NETWORKS, *owners)
    of_networks = [{"network_id": network["id"], "project_id": network["project_id"]} for network in networks]
    cidrs = (f"10.{number // 256}.{number % 256}.0/24" for number in range(STORED))
    await cloud.create(SUBNETS, *(each | {"cidr": cidr} for each, cidr in zip(of_networks, cidrs, strict=True)))
    await cloud.create(
        PORTS,
        *(each | {"device_id": each["network_id"], "binding:host_id": each["project_id"]} for each in of_networks),
    )
    await cloud.store.write(lambda transaction: transaction.connection.exec_driver_sql("ANALYZE").close())


async def test_what_is_listed_and_counted_is_found_by_index(store: Store) -> None:
    await fill(Cloud(store))
    asking = ADMINISTRATOR

    async def caller(_request: Any) -> Context:
        return asking

    application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry(), authenticate=caller)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://neutron") as client:
        for asking, path in [
            *((ADMINISTRATOR, path) for path in FOUND),
            *((MEMBER, path) for path in FOUND_BY_MEMBERS),
        ]:
            with statements(store) as seen:
                response = await client.get(f"/v2.0/{path}")
            assert response.status_code in (200, 404), (path, response.text)
            assert seen, path
            for statement, parameters in seen:
                found = await store.read(lambda connection, s=statement, p=parameters: scans(connection, s, p))
                if asking.is_admin and path in IN_ORDER:
                    found = [step for step in found if not _by_id(step)]
                assert not found, (path, found, statement)
