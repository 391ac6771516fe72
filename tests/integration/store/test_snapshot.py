"""A snapshot holds every record, as of one position of the change log."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from alcor.model.addresses import ip_bytes
from alcor.model.identifiers import id_bytes
from alcor.model.records import NodeRecord, PortRecord, Record, SubnetRecord, VpcRecord
from alcor.store import bulk, change_log, snapshot
from alcor.store.record_rows import port_record, subnet_record, vpc_record
from alcor.store.store import Store
from alcor.store.tables import ip_allocation, network, node, port, port_security_group, subnet
from alcor.store.transaction import Transaction
from tests.integration.store.rows import add_network, network_row, node_row, port_row, subnet_row

KINDS: tuple[type[Record], ...] = (VpcRecord, SubnetRecord, NodeRecord, PortRecord)


def read_all(connection: Connection) -> tuple[int, list[Record]]:
    position, records = snapshot.read_records(connection)
    return position, list(records)


def inserting(table: Any, *rows: tuple[Any, ...]) -> Callable[[Transaction], None]:
    return lambda transaction: bulk.insert_rows(transaction.connection, table, rows)


async def test_a_fresh_store_has_no_records(store: Store) -> None:
    assert await store.read(read_all) == (0, [])


async def test_records_say_all_that_hosts_need(store: Store) -> None:
    of_network = network_row(77)
    network_id = of_network[0]
    routes = {
        "dns_nameservers": ["192.0.2.53"],
        "host_routes": [{"destination": "198.51.100.0/24", "nexthop": "10.0.0.9"}],
    }
    of_subnet = subnet_row(network_id, "10.0.0.0/24", json.dumps(routes))
    of_subnet6 = subnet_row(network_id, "2001:db8::/64")
    attributes = {
        "port_security_enabled": False,
        "allowed_address_pairs": [
            {"ip_address": "10.0.0.100"},
            {"ip_address": "10.9.0.0/16", "mac_address": "02:00:00:00:00:01"},
        ],
        "extra_dhcp_opts": [
            {"opt_name": "67", "opt_value": "boot.img"},
            {"opt_name": "dns-server", "opt_value": "2001:db8::53", "ip_version": 6},
        ],
        "dns_name": "web-1",
    }
    full = port_row(network_id, 0xFA163E000001, "host-1", json.dumps(attributes), "server")
    plain = port_row(network_id, 0xFA163E000002, "host-1")
    await store.write(inserting(network, of_network))
    await store.write(inserting(subnet, of_subnet, of_subnet6))
    await store.write(inserting(node, node_row("host-1", 3, '{"rack":"r","cell":"cell-1"}')))
    await store.write(inserting(port, full, plain))
    allocations = [
        (of_subnet6[0], ip_bytes("2001:db8::5"), full[0], 1),
        (of_subnet[0], ip_bytes("10.0.0.5"), full[0], 0),
    ]
    await store.write(inserting(ip_allocation, *allocations))

    _, records = await store.read(read_all)
    assert [type(record) for record in records] == [
        VpcRecord,
        SubnetRecord,
        SubnetRecord,
        NodeRecord,
        *[PortRecord] * 2,
    ]
    vpc_id, subnet_id, subnet6_id = (id_bytes(row[0]) for row in (of_network, of_subnet, of_subnet6))
    assert records[0] == VpcRecord(vpc_id, 77, 1450)
    assert set(records[1:3]) == {
        SubnetRecord(subnet_id, vpc_id, "10.0.0.0/24", "", True, ("192.0.2.53",), (("198.51.100.0/24", "10.0.0.9"),)),
        SubnetRecord(subnet6_id, vpc_id, "2001:db8::/64", "", True),
    }
    assert records[3] == NodeRecord("host-1", 3, 0xC0000203, cell="cell-1")
    assert set(records[4:]) == {
        PortRecord(
            id_bytes(full[0]),
            vpc_id,
            0xFA163E000001,
            ((subnet_id, ip_bytes("10.0.0.5")), (subnet6_id, ip_bytes("2001:db8::5"))),
            "host-1",
            True,
            False,
            (("10.0.0.100", 0xFA163E000001), ("10.9.0.0/16", 0x020000000001)),
            (("67", "boot.img", 4), ("dns-server", "2001:db8::53", 6)),
            "web-1",
            device_id="server",
            project_id="p",
        ),
        PortRecord(id_bytes(plain[0]), vpc_id, 0xFA163E000002, (), "host-1", project_id="p"),
    }


async def test_a_port_bound_to_no_host_is_left_out(store: Store) -> None:
    """Hosts have no use for it, and a port that is unbound was told to them as deleted."""
    of_network = network_row(1)
    unbound, bound = port_row(of_network[0], 1), port_row(of_network[0], 2, "host-1")
    await store.write(inserting(network, of_network))
    await store.write(inserting(port, unbound, bound))
    _, records = await store.read(read_all)
    assert [record.id for record in records if isinstance(record, PortRecord)] == [id_bytes(bound[0])]


async def test_a_port_just_written_gives_the_record_a_snapshot_gives(store: Store) -> None:
    of_network = network_row(1)
    of_subnet = subnet_row(of_network[0])
    attributes = json.dumps({"dns_name": "web-1", "allowed_address_pairs": [{"ip_address": "10.0.0.7"}]})
    of_port = port_row(of_network[0], 0xFA163E000001, "host-1", attributes)
    allocation = (of_subnet[0], ip_bytes("10.0.0.5"), of_port[0], 0)
    member = (of_port[0], "5f3c0000-0000-4000-8000-000000000000", None)
    written = (
        (network, of_network),
        (subnet, of_subnet),
        (port, of_port),
        (ip_allocation, allocation),
        (port_security_group, member),
    )
    for table, row in written:
        await store.write(inserting(table, row))
    _, records = await store.read(read_all)
    rows = [SimpleNamespace(**dict(zip(table.c.keys(), row, strict=True))) for table, row in written]
    fixed_ips = [(rows[3].subnet_id, rows[3].ip_address)]
    assert records == [vpc_record(rows[0]), subnet_record(rows[1], None), port_record(rows[2], fixed_ips, [member[1]])]


async def test_every_port_comes_with_its_own_addresses(store: Store) -> None:
    """Many more ports than are read at a time, some without an address and some with several, some not bound."""
    of_network = network_row(1)
    of_subnet = subnet_row(of_network[0])
    ports = [
        port_row(of_network[0], 0xFA163E000000 + number, "" if number % 5 == 0 else "host-1")
        for number in range(12_000)
    ]
    expected = {
        of_port[0]: [(number * 4 + position).to_bytes(4) for position in range(number % 4)]
        for number, of_port in enumerate(ports)
    }
    allocations = [
        (of_subnet[0], address, port_id, position)
        for port_id, addresses in expected.items()
        for position, address in enumerate(addresses)
    ]
    for table, rows in ((network, [of_network]), (subnet, [of_subnet]), (port, ports), (ip_allocation, allocations)):
        await store.write(inserting(table, *rows))
    _, records = await store.read(read_all)
    found = [record for record in records if isinstance(record, PortRecord)]
    bound = [of_port[0] for number, of_port in enumerate(ports) if number % 5]
    assert len(found) == len(bound)
    assert {record.id: [address for _, address in record.fixed_ips] for record in found} == {
        id_bytes(port_id): expected[port_id] for port_id in bound
    }


async def test_a_snapshot_and_the_entries_after_it_are_all_there_is(store: Store) -> None:
    """Read while writes go on: no VPC is missing, none is in both the snapshot and a later entry."""
    vnis = iter(range(1, 401))

    async def write() -> None:
        for vni in vnis:
            await store.write(partial(add_network, vni=vni))

    writing = asyncio.gather(*(write() for _ in range(8)))
    snapshots = []
    while not writing.done():
        snapshots.append(await store.read(read_all))
    await writing
    assert len({position for position, _ in snapshots}) > 3
    for position, records in snapshots:
        later = await store.read(partial(change_log.read_entries, after=position, limit=1000))
        seen = [record.vni for record in records if isinstance(record, VpcRecord)]
        seen += [record.vni for entry in later for record in entry.records if isinstance(record, VpcRecord)]
        assert sorted(seen) == list(range(1, 401))
