"""The subnets that ports may have addresses of: what matters of them, and which of a network's matter.

Most networks have few, which are read together. Of one with many, only those are that a port may be given: what it
costs follows what ports ask for, not what is there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_network

import msgspec
import orjson
from sqlalchemy import BindParameter, Connection, Integer, LargeBinary, String, bindparam, exists, select, text

from alcor.model import address_plan
from alcor.model.addresses import ip_bytes
from alcor.model.ipv6_modes import OWN_ADDRESSES
from alcor.model.number_ranges import Range
from alcor.store import sql
from alcor.store.tables import free_range, subnet
from alcor.store.tables.network import FOR_SOME_PORTS

Asked = Sequence[Mapping[str, str]] | None
"""The ``fixed_ips`` that a port asks for; None where it does not say."""

DHCP_OWNER = "network:dhcp"
"""The owner of ports of DHCP servers, which clients make: hosts answer themselves here."""

_FEW = 50  # subnets of a network that are read without asking which of them matter
_SEVERAL = 2  # subnets that show that there is more than one


class Subnet(msgspec.Struct, frozen=True):
    """What matters of a subnet when addresses are given out."""

    id: str
    version: int
    cidr: str
    usable: Range
    pools: tuple[Range, ...]
    automatic: bool  # its hosts make their own addresses (SLAAC)
    service_types: tuple[str, ...]  # what its ports are (their device_owner); anything when empty
    has_dhcp: bool

    def in_pools(self, number: int) -> bool:
        """Whether the address is one of those given out."""
        return any(first <= number <= last for first, last in self.pools)

    def serves(self, owner: str) -> bool:
        """Whether ports of this ``device_owner`` may get addresses here that they did not ask for by the subnet."""
        return not self.service_types or owner in self.service_types or (owner == DHCP_OWNER and self.has_dhcp)


_NETWORK: BindParameter[str] = bindparam("network", type_=String())
_VERSION = bindparam("version", type_=Integer())
_MOST = bindparam("most", type_=Integer())

_SUBNETS = select(
    subnet.c.network_id,
    subnet.c.id,
    subnet.c.ip_version,
    subnet.c.cidr,
    subnet.c.attributes,
    subnet.c.enable_dhcp,
    subnet.c.ipv6_address_mode,
    subnet.c.ipv6_ra_mode,
)
_some = sql.among(_SUBNETS.limit(_MOST), subnet.c.network_id)
_by_id = sql.among(_SUBNETS, subnet.c.id)
_IN_ORDER = _SUBNETS.where(subnet.c.network_id == _NETWORK, subnet.c.ip_version == _VERSION).order_by(subnet.c.id)
_for_some = sql.Prepared(_IN_ORDER.where(text(FOR_SOME_PORTS)))
_FOR_ANY = _IN_ORDER.where(text(f"NOT {FOR_SOME_PORTS}")).limit(_MOST)
_first = sql.Prepared(_FOR_ANY)
_first_free = sql.Prepared(_FOR_ANY.where(exists().where(free_range.c.pool_id == subnet.c.id)))
_around = sql.Prepared(
    _SUBNETS.where(
        subnet.c.network_id == _NETWORK,
        subnet.c.ip_version == _VERSION,
        subnet.c.first_address <= bindparam("address", type_=LargeBinary()),
    )
    .order_by(subnet.c.first_address.desc())
    .limit(1)
)


def subnets_for(connection: Connection, asked: Mapping[str, Sequence[Asked]]) -> dict[str, list[Subnet]]:
    """The subnets of networks, in the order of their ids, the oldest first, for ports that ask for these addresses.

    Of a network with many it leaves out those that none of the ports can be given an address of.
    """
    ids = sorted(asked)
    rows = _some(connection, ids, most=_FEW * len(ids)) if ids else []
    if len(rows) == _FEW * len(ids):
        rows = [row for network_id in ids for row in _mattering(connection, network_id, asked[network_id])]
    found: dict[str, list[Subnet]] = {}
    for row in sorted(set(rows), key=lambda row: row.id):
        found.setdefault(row.network_id, []).append(_subnet(*row[1:]))
    return found


def subnets_read(connection: Connection, network_ids: Iterable[str]) -> sql.Read:
    """What is read first of the subnets of these networks."""
    ids = sorted(set(network_ids))
    return _some.read(connection, ids, most=_FEW * len(ids))


def subnets_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Subnet]:
    """These subnets, by their ids."""
    wanted = list(ids)
    return {row.id: _subnet(*row[1:]) for row in _by_id(connection, wanted)} if wanted else {}


def _mattering(connection: Connection, network_id: str, asked: Sequence[Asked]) -> Iterator[sql.NamedRow]:
    rows = _some(connection, [network_id], most=_FEW)
    if len(rows) < _FEW:
        yield from rows
        return
    named = [each for fixed_ips in asked for each in fixed_ips or ()]
    if ids := sorted({each["subnet_id"] for each in named if "subnet_id" in each}):
        yield from (row for row in _by_id(connection, ids) if row.network_id == network_id)
    for address in {each["ip_address"] for each in named if "subnet_id" not in each}:
        packed = ip_bytes(address)
        where = {"network": network_id, "version": 4 if len(packed) == 4 else 6, "address": packed}
        yield from _around(connection, where)
    # Each has an address free, so that no more of them can be needed than there are addresses asked for.
    addresses = len(named) + asked.count(None)
    for version in (4, 6):
        of_version = {"network": network_id, "version": version}
        yield from _for_some(connection, of_version)
        yield from _first(connection, of_version | {"most": _SEVERAL})
        yield from _first_free(connection, of_version | {"most": addresses})


@lru_cache(4096)
def _subnet(subnet_id: str, version: int, cidr: str, attributes: str, has_dhcp: bool, *modes: str | None) -> Subnet:
    given = orjson.loads(attributes)
    network = ip_network(cidr)
    return Subnet(
        id=subnet_id,
        version=version,
        cidr=cidr,
        usable=address_plan.usable(network),
        pools=tuple(address_plan.pool_ranges(given["allocation_pools"])),
        automatic=bool({*modes} & OWN_ADDRESSES),
        service_types=tuple(given.get("service_types", ())),
        has_dhcp=bool(has_dhcp),
    )
