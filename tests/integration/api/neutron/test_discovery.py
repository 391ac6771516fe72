"""What clients ask first."""

from tests.integration.api.neutron.requests import Neutron, refusal, shown


async def test_the_version_is_found_at_the_root(neutron: Neutron) -> None:
    body = shown(await neutron.http.get("/"))
    link = {"rel": "self", "href": "http://neutron:9696/v2.0/"}
    assert body == {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]}


async def test_links_are_to_where_the_client_came_from(neutron: Neutron) -> None:
    """Behind a proxy that ends TLS."""
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cloud.example.org"}
    body = shown(await neutron.http.get("/", headers=headers))
    assert body["versions"][0]["links"][0]["href"] == "https://cloud.example.org/v2.0/"


async def test_the_version_lists_its_resources(neutron: Neutron) -> None:
    for path in ("/v2.0", "/v2.0/"):
        resources = shown(await neutron.http.get(path))["resources"]
        assert {each["collection"] for each in resources} == {
            "networks",
            "subnets",
            "ports",
            "floatingips",
            "network_ip_availabilities",
            "routers",
            "trunks",
            "security_groups",
            "security_group_rules",
            "security_groups_default_statefulness",
            "default_security_group_rules",
            "address_groups",
            "policies",
            "agents",
            "flavors",
            "service_profiles",
            "metering_labels",
            "metering_label_rules",
            "logs",
            "network_segment_ranges",
            "segments",
            "rbac_policies",
            "floatingip_pools",
            "local_ips",
            "ndp_proxies",
            "address_scopes",
            "subnetpools",
        }
        for each in resources:
            collection = each["links"][0]["href"].removeprefix("http://neutron:9696")
            listed = shown(await neutron.http.get(collection))
            assert listed.keys() == {each["collection"]}
            has_some = ("security_group", "network_segment_range")  # from the start
            assert each["collection"].startswith((*has_some, "default_security_group")) or listed == {
                each["collection"]: []
            }


async def test_extensions_are_listed_and_shown(neutron: Neutron) -> None:
    extensions = shown(await neutron.http.get("/v2.0/extensions"))["extensions"]
    aliases = [extension["alias"] for extension in extensions]
    assert len(set(aliases)) == len(aliases)
    assert {"provider", "binding", "port-security", "pagination", "sorting", "revision-if-match"} <= set(aliases)
    for extension in extensions:
        assert extension.keys() == {"alias", "name", "description", "updated", "links"}
        shown_one = shown(await neutron.http.get(f"/v2.0/extensions/{extension['alias']}"))
        assert shown_one == {"extension": extension}
    status, _, message = await neutron.refused("GET", "extensions/teleportation")
    assert (status, message) == (404, "Extension with alias teleportation does not exist")


async def test_unknown_paths_and_methods_are_refused(neutron: Neutron) -> None:
    for path in ("v2.0/teapots", "v2.0/networks/x/y", "v3", "v2.0/extensions/a/b", "v2.0/ports/%00", "v2.0/%FF"):
        assert refusal(await neutron.http.get(f"/{path}"))[:2] == (404, "HTTPNotFound"), path
    for method, path in (
        ("PUT", "networks"),
        ("DELETE", "ports"),
        ("PATCH", "subnets"),
        ("POST", "networks/x"),
        ("PATCH", "ports/x"),
        ("POST", "extensions"),
        ("OPTIONS", "ports"),
        ("TRACE", "ports"),
        ("BREW", "ports"),
    ):
        assert (await neutron.refused(method, path))[:2] == (405, "HTTPMethodNotAllowed"), (method, path)


async def test_a_trailing_slash_or_json_is_no_other_path(neutron: Neutron) -> None:
    network = await neutron.create("network")
    for path in ("networks", "networks/", "networks.json"):
        assert shown(await neutron.http.get(f"/v2.0/{path}"))["networks"] == [network]
    for path in (network["id"], f"{network['id']}/", f"{network['id']}.json"):
        assert shown(await neutron.http.get(f"/v2.0/networks/{path}"))["network"] == network


async def test_head_is_get_without_a_body(neutron: Neutron) -> None:
    response = await neutron.http.head("/v2.0/networks")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) == len(b'{"networks":[]}')
