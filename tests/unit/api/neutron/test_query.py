"""Query strings become queries of the store."""

from alcor.api.neutron import query
from alcor.model.resources.network import NETWORK
from alcor.model.resources.port import PORT
from alcor.store.listing.query import Query, TagFilter


def test_a_query_string_becomes_a_query() -> None:
    parameters = [
        ("name", "a"), ("name", "b"), ("mac_address", "FA-16-3E-00-00-01"), ("admin_state_up", "True"),
        ("tenant_id", "t"), ("fixed_ips", "ip_address=10.0.0.1"), ("fixed_ips", "subnet_id=s"),
        ("fixed_ips", "ip_address_substr=DB8"), ("limit", "7"),
        ("marker", "m"), ("page_reverse", "TRUE"), ("sort_key", "tenant_id"), ("sort_key", "binding:host_id"),
        ("sort_dir", "asc"), ("sort_dir", "desc"), ("fields", "id"), ("fields", ""), ("sort_key", ""),
    ]  # fmt: skip
    listed = query.parse(PORT, parameters, largest_page=50)
    assert listed.page_size == 7
    assert listed.fields == {"id"}
    assert listed.query == Query(
        filters={"name": ["a", "b"], "mac_address": [0xFA163E000001], "admin_state_up": [True], "project_id": ["t"]},
        sort=[("project_id", True), ("host_id", False)],
        limit=8,
        marker="m",
        page_reverse=True,
        fixed_ip_subnets=["s"],
        fixed_ip_addresses=[b"\x0a\x00\x00\x01"],
        fixed_ip_parts=["db8"],
    )


def test_tags_are_read_from_every_parameter_that_names_some() -> None:
    parameters = [("tags", "a,b"), ("tags", "c"), ("tags-any", "d"), ("not-tags", "e,,"), ("not-tags-any", "f")]
    assert query.parse(PORT, parameters, 50).query.tags == TagFilter(("a", "b", "c"), ("d",), ("e",), ("f",))


def test_an_empty_query_string_is_the_first_page() -> None:
    listed = query.parse(PORT, [], largest_page=50)
    assert (listed.page_size, listed.fields) == (50, frozenset())
    assert listed.query == Query(sort=[], limit=51, fixed_ip_subnets=[], fixed_ip_addresses=[], fixed_ip_parts=[])
    for limit in ("0", "", "51", "99999999999999999999"):
        assert query.parse(PORT, [("limit", limit)], largest_page=50).page_size == 50


def test_a_key_named_twice_sorts_once() -> None:
    parameters = [("sort_key", "name"), ("sort_dir", "desc"), ("sort_key", "name"), ("sort_dir", "asc")]
    assert query.parse(PORT, parameters, 50).query.sort == [("name", False)]


def test_what_is_always_the_same_filters_all_or_nothing() -> None:
    assert query.parse(NETWORK, [("status", "ACTIVE")], 50).query.filters == {}
    assert query.parse(NETWORK, [("status", "DOWN"), ("id", "x")], 50).query.filters == {"id": ()}
    assert query.parse(NETWORK, [("status", "DOWN"), ("status", "ACTIVE")], 50).query.filters == {}
