"""Which ports are members of which security groups, changed by pairs, as Alcor's Security Group Manager has it."""

from collections.abc import Callable, Sequence

import msgspec

from alcor.model.context import Context
from alcor.model.errors import not_found
from alcor.services.manager import Update
from alcor.services.ports.port import update_ports_together
from alcor.services.ports.port_rows import lock_ports
from alcor.services.security.port_security_groups import ATTRIBUTE
from alcor.store.security_records import groups_of_ports
from alcor.store.transaction import Transaction


class Binding(msgspec.Struct, frozen=True):
    """A port that is a member of a group."""

    port_id: str
    group_id: str

    @property
    def id(self) -> str:
        """What the Java Security Group Manager calls it."""
        return self.port_id + self.group_id


class Bindings(msgspec.Struct, frozen=True):
    """Bindings of ports of a project that a caller wants made, or gone."""

    project_id: str
    wanted: Sequence[Binding]
    context: Context


def bind(transaction: Transaction, bindings: Bindings) -> None:
    """Make ports members of groups, too: all of them or none.

    Raises AlcorError: 404 for what the caller is not shown, and as an update of the ports does.
    """
    _change(transaction, bindings, lambda held, wanted: held | {each.group_id for each in wanted})


def unbind(transaction: Transaction, bindings: Bindings) -> None:
    """Have ports be members of groups no more: all of them or none. Raises AlcorError (404) for what is not so."""

    def without(held: set[str], wanted: Sequence[Binding]) -> set[str]:
        for each in wanted:
            if each.group_id not in held:
                raise not_found("security_group_binding", each.id)
        return held - {each.group_id for each in wanted}

    _change(transaction, bindings, without)


def _change(
    transaction: Transaction, bindings: Bindings, changed: Callable[[set[str], Sequence[Binding]], set[str]]
) -> None:
    by_port: dict[str, list[Binding]] = {}
    for each in bindings.wanted:
        by_port.setdefault(each.port_id, []).append(each)
    rows, _ = lock_ports(transaction, list(by_port))
    for port_id in by_port:
        if port_id not in rows or rows[port_id].project_id != bindings.project_id:
            raise not_found("port", port_id)
    held = groups_of_ports(transaction.connection, list(by_port))
    updates = [
        Update(
            port_id,
            {ATTRIBUTE: sorted(changed(set(held.get(port_id, ())), wanted))},
            project_id=bindings.project_id,
            context=bindings.context,
        )
        for port_id, wanted in by_port.items()
    ]
    update_ports_together(transaction, [updates])
