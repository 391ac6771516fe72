"""Lists: filters, projection, sorting, and pages that together are the whole."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.api.neutron.requests import Json, Neutron, shown

PORTS = 23


@pytest.fixture
async def ports(neutron: Neutron) -> list[Json]:
    """Ports on two networks, with many ties in what can be sorted by, in the order of their ids."""
    networks = await neutron.create_bulk("network", {"name": "a"}, {"name": "b"})
    for number, network in enumerate(networks):
        await neutron.create("subnet", network_id=network["id"], cidr=f"10.{number}.0.0/24")
    created = await neutron.create_bulk(
        "port",
        *(
            {
                "network_id": networks[number % 2]["id"],
                "name": f"p{number % 5}",
                "description": "" if number % 3 else "d",
                "project_id": f"t{number % 4}",
                "device_id": f"vm{number % 7}",
                "device_owner": ("", "compute:nova")[number % 2],
                "admin_state_up": number % 3 == 0,
                "binding:host_id": f"host-{number % 4}",
            }
            for number in range(PORTS)
        ),
    )
    return sorted(created, key=lambda port: port["id"])


def ids(views: Sequence[Json]) -> list[str]:
    return [view["id"] for view in views]


async def test_every_filter_lets_through_what_it_names(neutron: Neutron, ports: list[Json]) -> None:
    filterable = {
        "id", "name", "description", "project_id", "tenant_id", "network_id", "mac_address", "admin_state_up",
        "status", "device_id", "device_owner", "binding:host_id", "revision_number",
    }  # fmt: skip
    for name in filterable:
        values = sorted({str(port[name]) for port in ports})
        for chosen in ([values[0]], values[:2], [values[-1], values[0]]):
            expected = [port["id"] for port in ports if str(port[name]) in chosen]
            found = await neutron.list("port", urlencode([(name, value) for value in chosen]))
            assert ids(found) == expected, (name, chosen)


async def test_every_answer_shows_a_resource_in_the_same_words(neutron: Neutron) -> None:
    """Down to the types: no database's 1 for true."""
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    port = await neutron.create("port", network_id=network["id"], admin_state_up=False)
    network |= {"subnets": [subnet["id"]], "revision_number": 2, "updated_at": subnet["updated_at"]}
    for resource, created in (("network", network), ("subnet", subnet), ("port", port)):
        (listed,) = await neutron.list(resource)
        updated = await neutron.update(resource, created["id"])
        shown_again = await neutron.show(resource, created["id"])
        unchanged = updated | {"revision_number": created["revision_number"], "updated_at": created["updated_at"]}
        assert json.dumps(created) == json.dumps(listed) == json.dumps(unchanged)
        assert json.dumps(shown_again) == json.dumps(updated)


async def test_different_filters_are_combined(neutron: Neutron, ports: list[Json]) -> None:
    query = "name=p1&name=p2&admin_state_up=true&tenant_id=t0&tenant_id=t2"
    expected = [
        port["id"]
        for port in ports
        if port["name"] in ("p1", "p2") and port["admin_state_up"] and port["tenant_id"] in ("t0", "t2")
    ]
    assert ids(await neutron.list("port", query)) == expected
    assert expected


async def test_ports_are_found_by_their_addresses(neutron: Neutron, ports: list[Json]) -> None:
    first, second = (subnet["id"] for subnet in await neutron.list("subnet"))

    def having(*addresses: str) -> list[str]:
        return [port["id"] for port in ports if port["fixed_ips"][0]["ip_address"] in addresses]

    on_second = [port["id"] for port in ports if port["fixed_ips"][0]["subnet_id"] == second]
    for query, expected in (
        ("fixed_ips=ip_address=10.0.0.2", having("10.0.0.2")),
        ("fixed_ips=ip_address%3D10.0.0.2&fixed_ips=ip_address%3D10.1.0.2", having("10.0.0.2", "10.1.0.2")),
        (f"fixed_ips=subnet_id={second}", on_second),
        (f"fixed_ips=subnet_id={first}&fixed_ips=ip_address=10.0.0.3", having("10.0.0.3")),
        (f"fixed_ips=subnet_id={second}&fixed_ips=ip_address=10.0.0.3", []),
        ("fixed_ips=ip_address=10.0.0.2&name=nobody", []),
        ("fixed_ips=ip_address=192.0.2.1", []),
    ):
        assert ids(await neutron.list("port", query)) == expected, query
    assert len(on_second) == PORTS // 2


async def test_networks_and_subnets_are_found_by_theirs(neutron: Neutron) -> None:
    network = await neutron.create("network", name="x", shared=True, mtu=1400, **{"router:external": True})
    other = await neutron.create("network", name="y", **{"provider:segmentation_id": 4000})
    for query, expected in (
        ("shared=True", [network]),
        ("shared=0", [other]),
        ("router:external=true", [network]),
        ("mtu=1400", [network]),
        ("mtu=1400&mtu=1450", [network, other]),
        ("provider:network_type=vxlan", [network, other]),
        ("provider:network_type=vlan", []),
        ("provider:segmentation_id=4000", [other]),
        ("status=ACTIVE", [network, other]),
        ("status=DOWN", []),
        (f"status=DOWN&id={network['id']}", []),
        (f"id={network['id']}&status=DOWN", []),
        ("name=", []),
        ("description=", [network, other]),
        ("tags=red", []),
    ):
        assert ids(await neutron.list("network", query)) == ids(expected), query
    first = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", name="s", enable_dhcp=False)
    second = await neutron.create("subnet", network_id=network["id"], cidr="2001:db8::/64", gateway_ip=None)
    for query, expected in (
        ("ip_version=4", [first]),
        ("ip_version=6", [second]),
        ("cidr=10.0.0.0/24", [first]),
        ("cidr=2001:DB8::/64&cidr=10.0.0.7/24", [first, second]),
        ("gateway_ip=10.0.0.1", [first]),
        ("enable_dhcp=true", [second]),
        (f"network_id={network['id']}", [first, second]),
        (f"network_id={other['id']}", []),
    ):
        assert ids(await neutron.list("subnet", query)) == ids(expected), query


BAD_QUERIES = [
    ("colour=red", "HTTPBadRequest", "['colour'] is invalid attribute for filtering"),
    ("colour=red&shape=x&name=y", "HTTPBadRequest", "['colour', 'shape'] is invalid attribute for filtering"),
    ("binding:profile=x", "HTTPBadRequest", "['binding:profile'] is invalid attribute for filtering"),
    ("project_id=a&tenant_id=b", "TenantIdProjectIdFilterConflict", "Both tenant_id and project_id passed as filters."),
    ("admin_state_up=maybe", "HTTPBadRequest", "Invalid input for admin_state_up. Reason: 'maybe' cannot be converted"),
    ("revision_number=x", "HTTPBadRequest", "Invalid input for revision_number. Reason: 'x' is not an integer."),
    ("revision_number=99999999999999999999999", "HTTPBadRequest", "Invalid input for revision_number."),
    ("mac_address=x", "HTTPBadRequest", "Invalid input for mac_address."),
    ("fixed_ips=10.0.0.1", "HTTPBadRequest", "Invalid input for fixed_ips."),
    ("fixed_ips=ip_address=x", "HTTPBadRequest", "Invalid input for fixed_ips."),
    ("limit=-1", "BadRequest", "Bad limit request: Limit must be an integer 0 or greater and not '-1'."),
    ("limit=x", "BadRequest", "Bad limit request: Limit must be an integer 0 or greater and not 'x'."),
    ("sort_key=name", "HTTPBadRequest", "The number of sort_keys and sort_dirs must be same"),
    ("sort_key=fixed_ips&sort_dir=asc", "HTTPBadRequest", "['fixed_ips'] is invalid attribute for sort_keys"),
    (
        "sort_key=name&sort_dir=up",
        "HTTPBadRequest",
        "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'",
    ),
    ("name=%FF", "HTTPBadRequest", "The query string is not UTF-8"),
    ("name=a%00b", "HTTPBadRequest", "The query string holds the character NUL."),
]


async def test_a_query_that_makes_no_sense_is_refused(neutron: Neutron) -> None:
    for query, kind, message in BAD_QUERIES:
        refused = await neutron.refused("GET", f"ports?{query}")
        assert refused[:2] == (400, kind), query
        assert refused[2].startswith(message), query
    marker = "11111111-1111-4111-8111-111111111111"
    assert await neutron.refused("GET", f"ports?marker={marker}&limit=1") == (
        404,
        "PortNotFound",
        f"Port {marker} could not be found.",
    )


async def test_only_the_fields_asked_for_come(neutron: Neutron, ports: list[Json]) -> None:
    assert await neutron.list("port", "fields=id&fields=name&limit=2") == [
        {"id": port["id"], "name": port["name"]} for port in ports[:2]
    ]
    port = ports[0]
    shown_one = await neutron.show("port", port["id"], fields=["fixed_ips", "nothing"])
    assert shown_one == {"fixed_ips": port["fixed_ips"]}
    assert await neutron.show("port", port["id"], fields="") == port


SORTABLE = ["name", "description", "project_id", "mac_address", "admin_state_up", "device_id", "binding:host_id", "id"]


async def test_lists_are_sorted_by_several_keys(neutron: Neutron, ports: list[Json]) -> None:
    several = [("name", False), ("admin_state_up", True), ("binding:host_id", False)]
    singles = [[(key, ascending)] for key in SORTABLE for ascending in (True, False)]
    for sort in [*singles, several, several[::-1], [("status", False), ("name", True), ("name", False)]]:
        query = "&".join(f"sort_key={key}&sort_dir={'asc' if ascending else 'desc'}" for key, ascending in sort)
        assert ids(await neutron.list("port", query)) == in_order(ports, sort), sort


def in_order(ports: list[Json], sort: Sequence[tuple[str, bool]]) -> list[str]:
    result = list(ports)
    for key, ascending in reversed([*sort, ("id", True)]):
        result.sort(key=lambda port, key=key: port[key], reverse=not ascending)  # type: ignore[misc]
    return ids(result)


async def walk(neutron: Neutron, url: str, rel: str) -> list[list[str]]:
    """The ids of each page, following links until there are none."""
    pages = []
    while True:
        body = shown(await neutron.http.get(url))
        pages.append(ids(body["ports"]))
        links = {link["rel"]: link["href"] for link in body.get("ports_links", ())}
        assert links.keys() <= {"next", "previous"}
        if rel not in links:
            return pages
        url = links[rel]


def joined(pages: Iterable[list[str]]) -> list[str]:
    return [port_id for page in pages for port_id in page]


@pytest.mark.parametrize("limit", [1, 7, 23])
async def test_links_lead_through_all_pages_both_ways(neutron: Neutron, ports: list[Json], limit: int) -> None:
    for query in ("", "sort_key=name&sort_dir=desc", "sort_key=description&sort_dir=asc&name=p1&name=p3"):
        whole = ids(await neutron.list("port", query))
        forwards = await walk(neutron, f"/v2.0/ports?{query}&limit={limit}", "next")
        assert [len(page) for page in forwards[:-1]] == [limit] * (len(forwards) - 1)
        assert joined(forwards) == whole
        assert len(forwards[-1]) < limit  # as Neutron's: what is full may have a next page, be it empty
        backwards = await walk(neutron, f"/v2.0/ports?{query}&limit={limit}&page_reverse=True", "previous")
        assert joined(reversed(backwards)) == whole
        if len(forwards) > 1:
            last = f"/v2.0/ports?{query}&limit={limit}&marker={forwards[-2][-1]}"
            assert joined(reversed(await walk(neutron, last, "previous"))) == whole


async def test_a_list_without_a_limit_ends_after_a_page_and_says_so(neutron: Neutron, ports: list[Json]) -> None:
    network_id = ports[0]["network_id"]
    await neutron.create_bulk("port", *({"network_id": network_id, "fixed_ips": []} for _ in range(60)))
    for query in ("", "limit=0", "limit=100000"):
        assert [len(page) for page in await walk(neutron, f"/v2.0/ports?{query}", "next")] == [50, 33]


async def test_links_repeat_what_was_asked(neutron: Neutron, ports: list[Json]) -> None:
    query = "limit=2&fields=id&name=p1&name=p2&sort_key=id&sort_dir=asc"
    links = shown(await neutron.http.get(f"/v2.0/ports?{query}"))["ports_links"]
    assert [link["rel"] for link in links] == ["next"]
    url = httpx.URL(links[0]["href"])
    assert url.copy_with(query=None) == "http://neutron:9696/v2.0/ports"
    marker = [port["id"] for port in ports if port["name"] in ("p1", "p2")][1]
    expected = [*httpx.QueryParams(query).multi_items(), ("marker", marker)]
    assert sorted(url.params.multi_items()) == sorted(expected)


text = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.one_of(
    st.sampled_from(
        ["limit", "marker", "sort_key", "sort_dir", "fields", "page_reverse", "fixed_ips", "id", "mtu", "name", "cidr",
         "mac_address", "revision_number", "admin_state_up", "status", "created_at", "tags", "gateway_ip"]
    ),
    text,
)  # fmt: skip
values = st.one_of(
    text,
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["true", "asc", "desc", "name", "id", "ip_address=10.0.0.1", "subnet_id=x", "10.0.0.1", "::1"]),
)


async def test_no_query_string_is_too_strange(neutron: Neutron, ports: list[Json]) -> None:
    queries: list[Any] = []

    @settings(max_examples=300, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["networks", "subnets", "ports"]), st.lists(st.tuples(names, values), max_size=5) | text)
    def collect(collection: str, query: Any) -> None:
        queries.append((collection, quote(query, safe="&=+%/?") if isinstance(query, str) else urlencode(query)))

    collect()
    for collection, query in queries:
        response = await neutron.http.get(httpx.URL(f"http://neutron/v2.0/{collection}", query=query.encode()))
        assert response.status_code in (200, 400, 404), (collection, query)
