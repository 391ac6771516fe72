"""The flows by which the workload behind one port reaches the host's services."""

from collections.abc import Iterator

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.host_services import ClientAddresses
from alcor.dataplane.ovs import service_rules as rules
from alcor.dataplane.ovs.rendering import Flow, Pipeline
from alcor.model.addresses import address_number


def service_flows(
    pipeline: Pipeline, endpoint: Endpoint, port: int, meter: int, clients: ClientAddresses
) -> Iterator[Flow]:
    """Two for each address of a port that is up."""
    if not endpoint.admin_state_up:
        return
    common = {"port": port, "mac": endpoint.mac, "meter": meter}
    for address, client in clients.of_ipv4(endpoint, port):
        for rule in (rules.ASKS_IPV4, rules.ANSWERED_IPV4):
            yield pipeline[rule].flow(common | {"address": address, "client": client})
    for own, stand_in in clients.of_ipv6(endpoint, port):
        for rule in (rules.ASKS_IPV6, rules.ANSWERED_IPV6):
            yield pipeline[rule].flow(common | {"address": address_number(own), "client": address_number(stand_in)})
