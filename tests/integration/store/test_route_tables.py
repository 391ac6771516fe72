"""The routes that hold for a subnet, its own or else its VPC's, are read in one step in an index."""

from pathlib import Path

from sqlalchemy import create_engine

_TABLES_OF_SUBNET = "SELECT owner, attributes FROM route_table WHERE owner IN ('subnet', 'vpc')"


def test_route_tables_of_a_subnet_are_found_by_index(sqlite_template: Path) -> None:
    with create_engine(f"sqlite:///{sqlite_template}").connect() as connection:
        steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {_TABLES_OF_SUBNET}")]
    assert steps == ["SEARCH route_table USING INDEX ix_route_table_owner (owner=?)"]
