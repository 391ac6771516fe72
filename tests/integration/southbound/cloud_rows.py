"""Resources put straight into the store, as the services leave them: rows and records in one transaction."""

import ipaddress
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update

from alcor.model.identifiers import Id, id_bytes, new_id
from alcor.model.records import NodeRecord, PortDeleted, PortRecord, Record, SubnetRecord, VpcRecord
from alcor.store import change_log, tables
from alcor.store.store import Store
from alcor.store.transaction import Transaction

VNI = 100
_FIRST_MAC = 0xFA163E000000
_STANDARD = {"project_id": "p", "description": "", "revision_number": 0, "created_at": 0, "updated_at": 0}


class Cloud:
    """One VPC with one subnet, and its ports on nodes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.network_id, self.subnet_id = new_id(), new_id()
        self._next_number = 1

    async def create(self, hosts: Sequence[str]) -> None:
        """The VPC, its subnet, and a node for each host."""
        await self.store.write(self._create_network)
        await self.create_nodes(hosts, first_number=1)

    async def create_nodes(self, hosts: Sequence[str], *, first_number: int) -> None:
        """A node for each host; host indexes from a number up."""
        for number, host_id in enumerate(hosts, first_number):
            await self.store.write(lambda tx, number=number, host_id=host_id: self._create_node(tx, host_id, number))

    def _create_network(self, tx: Transaction) -> None:
        network = {
            **_STANDARD, "id": self.network_id, "name": "n", "admin_state_up": True,
            "external": False, "mtu": 1450, "network_type": "vxlan", "segmentation_id": VNI, "vni": VNI,
            "attributes": "{}",
        }  # fmt: skip
        subnet = {
            **_STANDARD, "id": self.subnet_id, "name": "s", "network_id": self.network_id, "ip_version": 4,
            "cidr": "10.0.0.0/8", "gateway_ip": "10.0.0.1", "enable_dhcp": True, "attributes": "{}",
        }  # fmt: skip
        tx.connection.execute(tables.network.insert(), network)
        tx.connection.execute(tables.subnet.insert(), subnet)
        vpc_id = id_bytes(self.network_id)
        tx.record(VpcRecord(vpc_id, VNI, 1450))
        tx.record(SubnetRecord(id_bytes(self.subnet_id), vpc_id, "10.0.0.0/8", "10.0.0.1", True))

    def _create_node(self, tx: Transaction, host_id: str, number: int) -> None:
        local_ip = ipaddress.IPv4Address("192.168.0.0") + number
        row = {"id": host_id, "host_index": number, "name": host_id, "local_ip": str(local_ip), "attributes": "{}"}
        tx.connection.execute(tables.node.insert(), row | {"revision_number": 0, "created_at": 0, "updated_at": 0})
        tx.record(NodeRecord(host_id, number, int(local_ip)))

    async def create_ports(self, *hosts: str) -> list[str]:
        """One port on each of these hosts, all in one transaction; returns their ids."""
        first = self._next_number
        self._next_number += len(hosts)
        ports = [(new_id(), first + offset, host_id) for offset, host_id in enumerate(hosts)]

        def operation(tx: Transaction) -> None:
            tx.connection.execute(tables.port.insert(), [self._port_row(*port) for port in ports])
            tx.connection.execute(tables.ip_allocation.insert(), [self._allocation(*port[:2]) for port in ports])
            for port_id, number, host_id in ports:
                fixed_ips = ((id_bytes(self.subnet_id), _address(number)),)
                tx.record(self._record(port_id, _FIRST_MAC + number, fixed_ips, host_id))

        await self.store.write(operation)
        return [port_id for port_id, _, _ in ports]

    def _port_row(self, port_id: str, number: int, host_id: str) -> dict[str, object]:
        return {
            **_STANDARD, "id": port_id, "name": "", "network_id": self.network_id, "mac_address": _FIRST_MAC + number,
            "admin_state_up": True, "status": "DOWN", "device_id": "", "device_owner": "", "host_id": host_id,
            "attributes": "{}",
        }  # fmt: skip

    def _allocation(self, port_id: str, number: int) -> dict[str, object]:
        return {"subnet_id": self.subnet_id, "ip_address": _address(number), "port_id": port_id, "position": 0}

    async def move_port(self, port_id: str, host_id: str) -> None:
        """Bind the port to another host, as the port service does: it is DOWN until that host reports it."""

        def operation(tx: Transaction) -> None:
            statement = update(tables.port).where(tables.port.c.id == port_id)
            values = {"host_id": host_id, "status": "DOWN", "heard_after": change_log.head(tx.connection)}
            tx.connection.execute(statement.values(**values))
            tx.record(self._port_record(tx, port_id))

        await self.store.write(operation)

    async def delete_port(self, port_id: str) -> None:
        """Delete the port."""

        def operation(tx: Transaction) -> None:
            tx.connection.execute(delete(tables.ip_allocation).where(tables.ip_allocation.c.port_id == port_id))
            tx.connection.execute(delete(tables.port).where(tables.port.c.id == port_id))
            tx.record(PortDeleted(id_bytes(port_id), id_bytes(self.network_id)))

        await self.store.write(operation)

    async def name_port(self, port_id: str, name: str) -> None:
        """Give a port a name in the DNS."""

        def operation(tx: Transaction) -> None:
            statement = update(tables.port).where(tables.port.c.id == port_id)
            tx.connection.execute(statement.values(attributes=json.dumps({"dns_name": name})))
            tx.record(self._port_record(tx, port_id))

        await self.store.write(operation)

    async def status(self, port_id: str) -> str:
        """The port's status in the database."""
        query = select(tables.port.c.status).where(tables.port.c.id == port_id)
        status: str = await self.store.read(lambda connection: connection.execute(query).scalar_one())
        return status

    def _port_record(self, tx: Transaction, port_id: str) -> Record:
        row: Any = tx.connection.execute(select(tables.port).where(tables.port.c.id == port_id)).one()
        allocations = tx.connection.execute(
            select(tables.ip_allocation).where(tables.ip_allocation.c.port_id == port_id)
        )
        fixed_ips = tuple((id_bytes(ip.subnet_id), bytes(ip.ip_address)) for ip in allocations)
        name = json.loads(row.attributes).get("dns_name", "")
        return self._record(port_id, row.mac_address, fixed_ips, row.host_id, name)

    def _record(
        self, port_id: str, mac: int, fixed_ips: tuple[tuple[Id, bytes], ...], host_id: str, hostname: str = ""
    ) -> PortRecord:
        ids = id_bytes(port_id), id_bytes(self.network_id)
        project_id = str(_STANDARD["project_id"])
        return PortRecord(*ids, mac, fixed_ips, host_id, hostname=hostname, project_id=project_id)


def _address(number: int) -> bytes:
    return (ipaddress.IPv4Address("10.0.0.1") + number).packed
