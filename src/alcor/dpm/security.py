"""What the Data Plane Manager knows of security groups: their rules, and on which hosts their ports are."""

import msgspec

from alcor.model import goal_state
from alcor.model.identifiers import Id
from alcor.model.records import AddressGroupRecord, PortRecord, SecurityGroupRecord


class SecurityGroups(msgspec.Struct):
    """All security groups and address groups, and the hosts to which ports of each security group are bound."""

    by_id: dict[Id, SecurityGroupRecord] = {}
    address_groups: dict[Id, AddressGroupRecord] = {}
    naming: dict[Id, set[Id]] = {}  # address group → security groups whose rules name it
    hosts: dict[Id, dict[str, int]] = {}  # security group → host → how many of its ports
    queued: set[Id] = set()  # security groups that have a topic
    moved: set[Id] = set()  # see ReadModel.take_moved()

    def put(self, record: SecurityGroupRecord | AddressGroupRecord) -> None:
        """Add or replace a security group or an address group."""
        if isinstance(record, AddressGroupRecord):
            self.address_groups[record.id] = record
            return
        self.remove(record.id)
        self.by_id[record.id] = record
        if record.queued:
            self.queued.add(record.id)
            self.moved.add(record.id)
        for named in named_by(record):
            self.naming.setdefault(named, set()).add(record.id)

    def remove(self, group_id: Id) -> None:
        """Remove a security group, if it is there."""
        record = self.by_id.pop(group_id, None)
        self.queued.discard(group_id)
        for named in () if record is None else named_by(record):
            self.naming[named].discard(group_id)
            if not self.naming[named]:
                del self.naming[named]

    def put_port(self, port: PortRecord) -> None:
        """A port has come."""
        for group_id in port.security_groups if port.host_id else ():
            hosts = self.hosts.setdefault(group_id, {})
            before = hosts.get(port.host_id, 0)
            hosts[port.host_id] = before + 1
            if not before:
                self._note_moved(group_id)

    def remove_port(self, port: PortRecord) -> None:
        """A port goes that had come."""
        for group_id in port.security_groups if port.host_id else ():
            hosts = self.hosts[group_id]
            hosts[port.host_id] -= 1
            if not hosts[port.host_id]:
                del hosts[port.host_id]
                if not hosts:
                    del self.hosts[group_id]
                self._note_moved(group_id)

    def _note_moved(self, group_id: Id) -> None:
        if group_id in self.queued:
            self.moved.add(group_id)

    def add_hosts(self, other: "SecurityGroups") -> None:
        """Ports have come that are in another model."""
        for group_id, counts in other.hosts.items():
            hosts = self.hosts.setdefault(group_id, {})
            for host_id, count in counts.items():
                hosts[host_id] = hosts.get(host_id, 0) + count

    def on_host(self, group_id: Id, host_id: str) -> int:
        """How many ports of a group are bound to a host."""
        return self.hosts.get(group_id, {}).get(host_id, 0)

    def state(self, group_id: Id) -> goal_state.SecurityGroup | None:
        """A security group in a goal state; None while it is not known."""
        record = self.by_id.get(group_id)
        if record is None:
            return None
        named = sorted(named_by(record) & self.address_groups.keys())
        address_groups = tuple((each, self.address_groups[each].addresses) for each in named)
        return goal_state.SecurityGroup(record.id, record.stateful, record.rules, address_groups, record.queued)


def named_by(record: SecurityGroupRecord) -> set[Id]:
    """The address groups that a security group's rules name."""
    return {rule.remote_address_group for rule in record.rules if rule.remote_address_group}
