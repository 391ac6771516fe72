"""What network ACLs say of a subnet is read by indexes alone, and rules in the order in which they are looked at."""

from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, create_engine

from alcor.store.network_acl_records import SUBNETS_WITH_ACLS
from alcor.store.tables import subnet

_RULES_OF_SUBNET = (
    "SELECT * FROM network_acl_rule WHERE network_acl_id = coalesce("
    "(SELECT network_acl_id FROM network_acl_subnet WHERE subnet_id = 's'), "
    "(SELECT id FROM network_acl WHERE vpc_id = 'v' AND is_default = true)) ORDER BY direction, number"
)


def plan(database: Path, statement: str) -> list[str]:
    with create_engine(f"sqlite:///{database}").connect() as connection:
        return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]


def test_rules_of_a_subnet_are_found_and_ordered_by_index(sqlite_template: Path) -> None:
    steps = plan(sqlite_template, _RULES_OF_SUBNET)
    read = [step for step in steps if "network_acl" in step]
    assert len(read) == 3
    assert all(step.startswith("SEARCH") and "INDEX" in step for step in read)
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("condition", [subnet.c.id == "s", subnet.c.network_id == "v"])
def test_subnets_are_found_with_their_acls_by_index(sqlite_template: Path, condition: ColumnElement[bool]) -> None:
    wanted = SUBNETS_WITH_ACLS.where(condition).compile(compile_kwargs={"literal_binds": True})
    steps = plan(sqlite_template, str(wanted))
    assert len(steps) == 3
    assert all(step.startswith("SEARCH") and "INDEX" in step for step in steps)
