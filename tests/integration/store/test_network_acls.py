"""What network ACLs say of a subnet is read from its id by indexes alone, in the order in which rules are looked at."""

from pathlib import Path

from sqlalchemy import create_engine

_RULES_OF_SUBNET = (
    "SELECT * FROM network_acl_rule WHERE network_acl_id = coalesce("
    "(SELECT network_acl_id FROM network_acl_subnet WHERE subnet_id = 's'), "
    "(SELECT id FROM network_acl WHERE vpc_id = 'v' AND is_default = true)) ORDER BY direction, number"
)


def test_rules_of_a_subnet_are_found_and_ordered_by_index(sqlite_template: Path) -> None:
    with create_engine(f"sqlite:///{sqlite_template}").connect() as connection:
        steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {_RULES_OF_SUBNET}")]
    read = [step for step in steps if "network_acl" in step]
    assert len(read) == 3
    assert all(step.startswith("SEARCH") and "INDEX" in step for step in read)
    assert not any("TEMP B-TREE" in step for step in steps)
