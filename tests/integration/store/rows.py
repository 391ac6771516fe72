"""Rows and records of resources, with everything a test does not care about filled in."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import VpcRecord
from alcor.store import bulk
from alcor.store.store import Store
from alcor.store.tables import network, node, port, rbac_policy
from alcor.store.tables.network import NOTHING_SHOWN
from alcor.store.transaction import Transaction


def network_row(vni: int, network_id: str | None = None, name: str = "", project_id: str = "p") -> tuple[Any, ...]:
    identity = (network_id or new_id(), project_id, name, "", 0, 0, 0)
    return (*identity, True, False, 1450, "vxlan", None, vni, "{}", 0, False, False, False, False, vni)


def subnet_row(network_id: str, cidr: str = "10.0.0.0/8", attributes: str = "{}") -> tuple[Any, ...]:
    first = ipaddress.ip_network(cidr).network_address.packed
    return (new_id(), "p", "", "", 0, 0, 0, network_id, 4, cidr, None, True, attributes, first, None, None, None, None)


def port_row(
    network_id: str, mac: int, host_id: str = "", attributes: str = "{}", device_id: str = ""
) -> tuple[Any, ...]:
    standard = (new_id(), "p", "", "", 0, 0, 0)
    return (*standard, network_id, mac, True, "DOWN", device_id, "", host_id, attributes, NOTHING_SHOWN, None, 0)


def node_row(host_id: str, host_index: int, attributes: str = "{}") -> tuple[Any, ...]:
    return (host_id, host_index, "", f"192.0.2.{host_index}", "", "", "", None, 0, 0, 0, 0, attributes)


def add_network(transaction: Transaction, vni: int, project_id: str = "p") -> str:
    """Write a network and its record, as a service would. Returns its id."""
    network_id = new_id()
    bulk.insert_rows(transaction.connection, network, [network_row(vni, network_id, project_id=project_id)])
    transaction.record(VpcRecord(id_bytes(network_id), vni, 1450))
    return network_id


async def write(store: Store, **rows: Sequence[Sequence[Any]]) -> None:
    """Write rows into tables of these names, without records."""
    tables = {each.name: each for each in (network, node, port, rbac_policy)}
    await store.write(
        lambda transaction: bulk.insert_together(transaction.connection, {tables[name]: rows[name] for name in rows})
    )


def stored_vnis(connection: Connection) -> set[int]:
    return set(connection.execute(select(network.c.segmentation_id)).scalars())
