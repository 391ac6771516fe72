"""Private IP addresses: which ones ports get, and back to the subnet's pool when they are done.

An address that lies in its subnet's allocation pools is taken from the subnet's number pool; a port may also ask for
one of the subnet's other addresses. That no address is held twice is the table's primary key.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from alcor.model import address_plan
from alcor.model.addresses import WIDTHS, ip_bytes, ip_text
from alcor.model.errors import AlcorError, bad_request, conflict, invalid_input
from alcor.services.routers.router_ports import ROUTER_OWNERS
from alcor.services.subnets.port_subnets import Asked, Subnet
from alcor.store import number_pools, sql
from alcor.store.tables import ip_allocation
from alcor.store.transaction import Transaction

FixedIp = tuple[str, bytes]
"""(subnet id, packed address)"""


class Slot(msgspec.Struct, frozen=True):
    """One address a port wants: from the first of these subnets that has one, or a certain one.

    A router chooses its address also where a subnet's hosts make their own (``of_router``).
    """

    subnets: tuple[Subnet, ...]
    number: int | None = None
    of_router: bool = False


_HELD = select(ip_allocation.c.ip_address).where(
    ip_allocation.c.subnet_id == bindparam("subnet_id"),
    ip_allocation.c.ip_address.in_(bindparam("addresses", expanding=True)),
)


def plan(
    network_id: str,
    subnets: Sequence[Subnet],
    fixed_ips: Asked,
    owner: str = "",
) -> list[Slot]:
    """What the ``fixed_ips`` of a port of this ``device_owner`` ask for; None is what a port gets that does not say.

    A router's port may have the address that any router of an IPv6 subnet has (RFC 4291, 2.6.1). Raises AlcorError when
    an address or subnet is not the network's.
    """
    if fixed_ips is None:
        return _default_slots(_serving(network_id, subnets, owner))
    return [_slot(network_id, subnets, fixed_ip, owner) for fixed_ip in fixed_ips]


def usual_plan(subnets: Sequence[Subnet]) -> list[Slot] | None:
    """What any port gets that does not say; None when it depends on its ``device_owner``."""
    return None if any(each.service_types for each in subnets) else _default_slots(subnets)


def _serving(network_id: str, subnets: Sequence[Subnet], owner: str) -> list[Subnet]:
    """The subnets for ports of this ``device_owner``, those before the others that are for such alone."""
    serving = [each for each in subnets if each.serves(owner)]
    if subnets and not serving:
        raise conflict(
            "IpAddressGenerationFailureNoMatchingSubnet",
            f"No valid service subnet for the given device owner, network {network_id}, service type {owner}.",
        )
    return sorted(serving, key=lambda each: not each.service_types)


def _default_slots(subnets: Sequence[Subnet]) -> list[Slot]:
    """An address of each IP version, and of each subnet whose hosts make their own."""
    slots = []
    for version in (4, 6):
        choices = tuple(each for each in subnets if each.version == version and not each.automatic)
        if choices:
            slots.append(Slot(choices))
    return slots + [Slot((each,)) for each in subnets if each.automatic]


def _slot(network_id: str, subnets: Sequence[Subnet], fixed_ip: Mapping[str, str], owner: str) -> Slot:
    of_router = owner in ROUTER_OWNERS
    address = fixed_ip.get("ip_address")
    packed = ip_bytes(address) if address else b""
    number = int.from_bytes(packed)
    subnet_id = fixed_ip.get("subnet_id")
    if subnet_id is not None:
        chosen = next((each for each in subnets if each.id == subnet_id), None)
        if chosen is None:
            raise invalid_input(
                f"Failed to create port on network {network_id}, because fixed_ips included invalid subnet {subnet_id}"
            )
        if not address:
            return Slot((chosen,))
        if WIDTHS[chosen.version] == len(packed) and _is_usable(chosen, number, of_router):
            return Slot((chosen,), number, of_router)
        raise bad_request(
            f"IP address {address} is not a valid IP for the specified subnet: {chosen.cidr}.", "InvalidIpForSubnet"
        )
    for each in _serving(network_id, subnets, owner):
        if WIDTHS[each.version] == len(packed) and _is_usable(each, number, of_router):
            return Slot((each,), number, of_router)
    raise bad_request(
        f"IP address {address} is not a valid IP for any of the subnets on the specified network.",
        "InvalidIpForNetwork",
    )


def _is_usable(subnet: Subnet, number: int, of_router: bool) -> bool:
    first, last = subnet.usable
    return first <= number <= last or (of_router and subnet.version == 6 and number == first - 1)


def resolved(slot: Slot, mac: int) -> Slot:
    """The slot with the address that a port of this MAC makes itself, where the subnet's hosts do.

    Raises AlcorError (400) when it asks for another one there.
    """
    subnet = slot.subnets[0]
    if not subnet.automatic or (slot.of_router and slot.number is not None):
        return slot
    number = address_plan.interface_identifier(subnet.usable[0] & ~0xFFFFFFFFFFFFFFFF, mac)
    if slot.number not in (None, number):
        raise bad_request(
            f"IPv6 address {address_plan.address_text(6, slot.number or 0)} cannot be directly assigned to a port on "
            f"subnet {subnet.id} as the subnet is configured for automatic addresses.",
            "AllocationOnAutoAddressSubnet",
        )
    return Slot(slot.subnets, number)


def allocate(transaction: Transaction, ports: Sequence[tuple[str, int, Sequence[Slot]]]) -> list[tuple[FixedIp, ...]]:
    """Take the addresses that ports (network id, MAC, slots) want.

    Raises AlcorError (409) when a subnet is full or an address is held; some may have been taken by then.
    """
    taken: list[list[FixedIp]] = [[] for _ in ports]
    certain: dict[Subnet, list[int]] = {}
    free: dict[tuple[Subnet, ...], list[tuple[int, int]]] = {}  # choices → (port's index, position)
    for index, (_, mac, slots) in enumerate(ports):
        for position, slot in enumerate(slots):
            number = resolved(slot, mac).number
            first = slot.subnets[0]
            if number is None:
                free.setdefault(slot.subnets, []).append((index, position))
                taken[index].append(("", b""))
            else:
                certain.setdefault(first, []).append(number)
                taken[index].append((first.id, number.to_bytes(WIDTHS[first.version])))
    for each in sorted(certain, key=lambda each: each.id):
        _take_certain(transaction, each, certain[each])
    for choices, places in free.items():
        found = _take_any(transaction, choices, len(places), ports[places[0][0]][0])
        for (index, position), fixed_ip in zip(places, found, strict=True):
            taken[index][position] = fixed_ip
    return [in_order(fixed_ips) for fixed_ips in taken]


def in_order(fixed_ips: Sequence[FixedIp]) -> tuple[FixedIp, ...]:
    """A port's addresses in the order in which it has them, whatever order they were asked for in: IPv4 first."""
    return tuple(sorted(fixed_ips, key=_place) if len(fixed_ips) > 1 else fixed_ips)


def _place(fixed_ip: FixedIp) -> tuple[int, bytes]:
    return len(fixed_ip[1]), fixed_ip[1]


def is_any(slot: Slot) -> bool:
    """Whether any free address of its subnets will do for a slot."""
    return slot.number is None and not slot.subnets[0].automatic


def takes(connection: Connection, slots: Iterable[Slot]) -> Iterator[sql.Read]:
    """What giving addresses for these takes first, where any will do for each."""
    wanted = Counter(slot.subnets for slot in slots)
    yield from (number_pools.front(connection, choices[0].id, count) for choices, count in wanted.items())


def _take_certain(transaction: Transaction, subnet: Subnet, numbers: Sequence[int]) -> None:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            raise _already_allocated(subnet, number)
        seen.add(number)
    rest = seen - number_pools.take_exact(transaction, subnet.id, numbers)
    for number in sorted(rest):
        if subnet.in_pools(number):
            raise _already_allocated(subnet, number)
    if rest:
        addresses = [number.to_bytes(WIDTHS[subnet.version]) for number in sorted(rest)]
        held = transaction.connection.execute(_HELD, {"subnet_id": subnet.id, "addresses": addresses}).scalar()
        if held is not None:
            raise _already_allocated(subnet, int.from_bytes(held))


def _already_allocated(subnet: Subnet, number: int) -> AlcorError:
    address = address_plan.address_text(subnet.version, number)
    return conflict("IpAddressAlreadyAllocated", f"IP address {address} already allocated in subnet {subnet.id}.")


def _take_any(transaction: Transaction, choices: Sequence[Subnet], count: int, network_id: str) -> list[FixedIp]:
    found: list[FixedIp] = []
    for each in choices:
        missing = count - len(found)
        try:
            numbers = number_pools.take(transaction, each.id, missing)
        except number_pools.PoolExhausted as error:
            numbers = number_pools.take(transaction, each.id, error.available)
        width = WIDTHS[each.version]
        found += [(each.id, number.to_bytes(width)) for number in numbers]
        if len(found) == count:
            return found
    if len(choices) == 1:
        raise conflict(
            "IpAddressGenerationFailure",
            f"No more IP addresses available for subnet {choices[0].id} ({choices[0].cidr}). "
            "Delete ports, widen its allocation pools, or add a subnet to the network.",
        )
    raise conflict("IpAddressGenerationFailure", f"No more IP addresses available on network {network_id}.")


def release(transaction: Transaction, subnets: Mapping[str, Subnet], fixed_ips: Iterable[FixedIp]) -> None:
    """Give addresses back to their pools; the caller has deleted their allocations."""
    by_subnet: dict[str, list[int]] = {}
    for subnet_id, address in fixed_ips:
        number = int.from_bytes(address)
        if subnets[subnet_id].in_pools(number):
            by_subnet.setdefault(subnet_id, []).append(number)
    for subnet_id in sorted(by_subnet):
        number_pools.release(transaction, subnet_id, by_subnet[subnet_id])


def fixed_ip_views(fixed_ips: Iterable[FixedIp]) -> list[dict[str, Any]]:
    """Addresses as a port's ``fixed_ips`` show them."""
    return [{"subnet_id": subnet_id, "ip_address": ip_text(address)} for subnet_id, address in fixed_ips]
