"""How many ports of each VPC and security group are bound to hosts, and what follows from it: whether hosts are told of
all, or ask, and whether what changes is published.

That is decided here, once, in the transaction that changes the ports; controllers follow the records. Each holds
only a part of the ports, and would remember otherwise than the others which side of the margin a VPC came from.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row

from alcor.model.programming import is_on_demand, is_queued
from alcor.services.networks.vpc import ROWS
from alcor.services.security import group_sizes
from alcor.store import sql
from alcor.store.record_rows import vpc_record
from alcor.store.transaction import Transaction

Binding = tuple[str, Sequence[str]]
"""The host of a port, '' for none, and its security groups."""

_WRITE = sql.DriverStatement(
    "UPDATE network SET bound_ports = :bound_ports, on_demand = :on_demand, queued = :queued WHERE id = :id"
)

UNBOUND: Binding = ("", ())


class BoundPorts:
    """What a batch changes: counted port by port, then written, each network and group that differs once."""

    def __init__(self) -> None:
        self._networks: dict[str, Row[Any]] = {}
        self._more: Counter[str] = Counter()
        self._of_groups: Counter[str] = Counter()

    def count(self, of_network: Row[Any], was: Binding, now: Binding) -> None:
        """Count a port that was bound in one way and is now in another. The network is locked."""
        if bool(was[0]) is not bool(now[0]):
            self._networks[of_network.id] = of_network
            self._more[of_network.id] += 1 if now[0] else -1
        if was[0]:
            self._of_groups.subtract(was[1])
        if now[0]:
            self._of_groups.update(now[1])

    def write(self, transaction: Transaction) -> None:
        """Write how many ports are bound now, and tell hosts of what is programmed otherwise from now on."""
        connection, choices = transaction.connection, transaction.choices
        of_groups = group_sizes.additions(connection, self._of_groups)
        of_networks, records = [], []
        for network_id, more in sorted(self._more.items()):
            if not more:
                continue
            row = self._networks[network_id]
            bound_ports = row.bound_ports + more
            setting = ROWS.view(row)["programming"]
            on_demand = is_on_demand(setting, bound_ports, row.on_demand, choices.on_demand_above)
            queued = is_queued(bound_ports, row.queued, choices.queue_above)
            if (on_demand, queued) != (row.on_demand, row.queued):
                records.append(msgspec.structs.replace(vpc_record(row), on_demand=on_demand, queued=queued))
            now = {"id": network_id, "bound_ports": bound_ports, "on_demand": on_demand, "queued": queued}
            of_networks.append(_WRITE.read(connection, now))
        found = sql.together(connection, [*of_groups.values(), *of_networks])
        group_sizes.tell_of_sizes(transaction, list(zip(of_groups, found[: len(of_groups)], strict=True)))
        for record in records:
            transaction.record(record)
