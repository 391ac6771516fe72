"""Pools of floating IPs: they are not kept, but seen in the subnets of external networks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from alcor.model.context import Context
from alcor.model.resources.floating_ip_pool import FLOATING_IP_POOL
from alcor.services.access import Access, Project, visible_networks
from alcor.services.manager import LIST
from alcor.services.plain import Plain, plain_manager
from alcor.services.rows import View
from alcor.store.tables import network, subnet

_EXTERNAL = select(network.c.id).where(network.c.external.is_(True))


def _visible(project: Project) -> Any:
    return subnet.c.network_id.in_(select(network.c.id).where(visible_networks(project)))


def _computed(_connection: Connection, rows: Sequence[Any], context: Context) -> list[View]:
    return [{"project_id": context.project_id, "tenant_id": context.project_id} for _ in rows]


FLOATING_IP_POOLS = plain_manager(
    Plain(
        access=Access(FLOATING_IP_POOL, subnet, _visible),
        computed=_computed,
        path="floatingip_pools",
        only={"ip_version": 4},
        where=subnet.c.network_id.in_(_EXTERNAL),
        operations=frozenset({LIST}),
    )
)
