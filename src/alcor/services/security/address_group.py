"""Address groups: ranges of addresses that rules of security groups name together."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.errors import AlcorError, bad_request, conflict
from alcor.model.identifiers import id_bytes
from alcor.model.records import AddressGroupDeleted
from alcor.model.resources.address_group import ADDRESS_GROUP, changed_addresses
from alcor.model.schema import holding, taking
from alcor.model.values import Schema
from alcor.services.access import Access, shareable
from alcor.services.manager import Act, Action, Manager, Values
from alcor.services.plain import Held, Plain, locked_row, plain_manager
from alcor.services.rows import Rows, View
from alcor.services.sharing import sharing
from alcor.store import bulk
from alcor.store.security_records import address_group_record
from alcor.store.tables import address_group, security_group_rule
from alcor.store.transaction import Transaction

OBJECT_TYPE = "address_group"
"""What entries of what is shared call a group."""

ACCESS = Access(ADDRESS_GROUP, address_group, shareable(address_group, OBJECT_TYPE))
_ROWS = Rows(ADDRESS_GROUP, address_group)
_USERS = (
    select(security_group_rule.c.project_id)
    .where(security_group_rule.c.remote_address_group_id == bindparam("group_id"))
    .distinct()
)


def users_of(connection: Connection, group_id: str) -> set[str]:
    """The projects whose rules name the group."""
    return set(connection.execute(_USERS, {"group_id": group_id}).scalars())


def _prepare(_transaction: Transaction, values: Values, _context: Any) -> Values:
    return values | {"addresses": list(dict.fromkeys(values["addresses"]))}


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    transaction.record(address_group_record(row))


def _add(transaction: Transaction, act: Act) -> View:
    def added(group_id: str, held: list[str], given: list[str]) -> list[str]:
        if known := [each for each in given if each in held]:
            raise bad_request(
                f"Addresses {known} already exist in the address group {group_id}.", "AddressesAlreadyExist"
            )
        return held + given

    return _changed(transaction, act, "add_addresses", added)


def _remove(transaction: Transaction, act: Act) -> View:
    def remaining(group_id: str, held: list[str], given: list[str]) -> list[str]:
        if unknown := [each for each in given if each not in held]:
            raise AlcorError(
                404, "AddressesNotFound", f"Addresses {unknown} not found in the address group {group_id}."
            )
        return [each for each in held if each not in given]

    return _changed(transaction, act, "remove_addresses", remaining)


def _changed(transaction: Transaction, act: Act, action: str, change: Any) -> View:
    given = _of_body(act.body)
    row = locked_row(transaction, ACCESS, act.id, act.context)
    ACCESS.require(transaction.connection, row, act.context, action, {})
    its = change(row.id, _ROWS.view(row)["addresses"], given)
    changed = _ROWS.changed_row(row, {"addresses": its}, transaction.now)
    bulk.update_row(transaction.connection, address_group, changed)
    transaction.record(address_group_record(changed))
    return {"address_group": ADDRESS_GROUPS.views(transaction.connection, [changed], act.context)[0]}


def _named(shown: Schema) -> Schema:
    return holding({"address_group": shown})


_ADDRESSES = taking({"addresses": changed_addresses})


def _of_body(body: Any) -> list[str]:
    if not isinstance(body, dict) or not isinstance(body.get("addresses"), list):
        raise bad_request("Unable to find 'addresses' in request body")
    try:
        return list(dict.fromkeys(changed_addresses(body["addresses"])))
    except ValueError as error:
        raise bad_request(f"Invalid input for addresses. Reason: {error}.") from error


def _forget(transaction: Transaction, row: Row[Any], _context: Any) -> None:
    sharing.forget(transaction.connection, OBJECT_TYPE, row.id)
    transaction.record(AddressGroupDeleted(id_bytes(row.id)))


def _in_use(group_id: str, _rule_id: str) -> AlcorError:
    return conflict("AddressGroupInUse", f"Address group {group_id} is in use on one or more security group rules.")


ADDRESS_GROUPS: Manager = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        forget=_forget,
        computed=sharing.shown_as_shared(OBJECT_TYPE),
        held_by=(Held(security_group_rule.c.remote_address_group_id, _in_use),),
        actions=(
            Action("PUT", "add_addresses", _add, body=_ADDRESSES, answer=_named),
            Action("PUT", "remove_addresses", _remove, body=_ADDRESSES, answer=_named),
        ),
    )
)
