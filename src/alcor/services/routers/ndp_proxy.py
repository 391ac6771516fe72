"""NDP proxies: for which addresses a router answers outside. They are kept and checked; hosts do not answer yet."""

from sqlalchemy import Connection, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict, wrong_for
from alcor.model.resources.ndp_proxy import NDP_PROXY
from alcor.services.access import Access, owned
from alcor.services.manager import Values
from alcor.services.plain import Plain, locked_row, plain_manager
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.routers.ndp_proxy_ports import ipv6_scope
from alcor.services.routers.router import ACCESS as ROUTER_ACCESS
from alcor.services.routers.router_gateway import gateways_of
from alcor.services.routers.router_ports import INTERFACE, ports_of
from alcor.store.tables import ndp_proxy
from alcor.store.transaction import Transaction

ACCESS = Access(NDP_PROXY, ndp_proxy, owned(ndp_proxy))

_SAME = select(ndp_proxy.c.id).where(
    ndp_proxy.c.router_id == bindparam("router_id"), ndp_proxy.c.ip_address == bindparam("ip_address")
)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    connection, port_id, router_id = transaction.connection, values["port_id"], values["router_id"]
    router = locked_row(transaction, ROUTER_ACCESS, router_id, context)
    PORT_ACCESS.check_visible(connection, [port_id], context)
    port = PORT_ACCESS.rows(connection, [port_id], context)[port_id]
    interfaces = ports_of(connection, [router_id], [INTERFACE]).get(router_id, [])
    near = [each for each in interfaces if each.network_id == port.network_id]
    if not near:
        raise _unreachable(port_id, router_id)
    gateways = gateways_of(connection, router_id, router.gw_port_id)
    if not gateways or not router.enable_ndp_proxy:
        raise conflict(
            "RouterNDPProxyNotEnable",
            f"The enable_ndp_proxy parameter of router {router_id} must be set as True while create ndp proxy entry on "
            "it.",
        )
    reached = {subnet_id for each in near for subnet_id, address in each.fixed_ips if len(address) == 16}
    values = values | {"ip_address": _address(connection, values, reached)}
    outside, inside = (ipv6_scope(connection, each) for each in (gateways[0].network_id, port.network_id))
    if outside != inside:
        raise conflict(
            "AddressScopeConflict",
            f"The IPv6 address scope {outside} of external network conflict with internal network's IPv6 address scope "
            f"{inside}.",
        )
    if connection.execute(_SAME, values).first() is not None:
        raise conflict(
            "NDPProxyExists", f"Router {router_id} has an ndp proxy for address {values['ip_address']} already."
        )
    return values


def _address(connection: Connection, values: Values, reached: set[str]) -> str:
    """The IPv6 address of the port that is meant, in a subnet that the router reaches. Raises AlcorError."""
    port_id, router_id, wanted = values["port_id"], values["router_id"], values["ip_address"]
    held = fixed_ips_of(connection, [port_id]).get(port_id, ())
    subnets = {ip_text(address): subnet_id for subnet_id, address in held if len(address) == 16}
    if not subnets:
        raise wrong_for("ndp_proxy", f"Requested port {port_id} must allocate one IPv6 address at least")
    if wanted is None:
        found = next((address for address, subnet_id in subnets.items() if subnet_id in reached), None)
        if found is None:
            raise _unreachable(port_id, router_id)
        return found
    if wanted not in subnets:
        raise _invalid(wanted, f"This address not belong to the port {port_id}")
    if subnets[wanted] not in reached:
        raise _invalid(wanted, f"This address cannot reach the router {router_id}")
    return str(wanted)


def _invalid(address: str, reason: str) -> AlcorError:
    return AlcorError(400, "InvalidAddress", f"The address {address} is invalid, reason: {reason}.")


def _unreachable(port_id: str, router_id: str) -> AlcorError:
    return conflict("PortUnreachableRouter", f"The port {port_id} cannot reach the router {router_id} by IPv6 subnet.")


NDP_PROXIES = plain_manager(Plain(access=ACCESS, prepare=_prepare, path="ndp_proxies"))
