"""Answering neighbour solicitations for the workloads of this host, as ARP is (RFC 4861, RFC 4862). Pure."""

import enum
from collections.abc import Callable

import msgspec

from alcor.dataplane import port_security
from alcor.dataplane.driver import Endpoint
from alcor.dataplane.neighbour_discovery import (
    SOURCE_ADDRESS,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    answer_frame,
    neighbour_solicitation,
)
from alcor.model.addresses import link_local


class Owner(msgspec.Struct, frozen=True):
    """Who has an address."""

    mac: int
    is_router: bool = False


class Silence(enum.Enum):
    """Why a solicitation gets no answer; the values name counters."""

    MALFORMED = "neighbour_solicitations_malformed"
    SPOOFED = "neighbour_solicitations_spoofed"
    UNKNOWN_ADDRESS = "neighbour_solicitations_for_unknown_addresses"
    OWN_ADDRESS = "neighbour_solicitations_for_own_addresses"


def answer(endpoint: Endpoint, frame: bytes, owner_of: Callable[[int, bytes], Owner | None]) -> bytes | Silence:
    """The reply to a neighbour solicitation of a workload; ``owner_of(vni, address)`` says who has an address.

    A workload that asks for its own address finds out whether it is free (duplicate address detection) and must hear
    nothing. One that tries for the address of another port is answered, so that it keeps off it.
    """
    request = neighbour_solicitation(frame)
    if request is None:
        return Silence.MALFORMED
    if not _is_honest(endpoint, request):
        return Silence.SPOOFED
    if request.target in endpoint.ipv6 or request.target == link_local(endpoint.mac):
        return Silence.OWN_ADDRESS
    owner = owner_of(endpoint.vni, request.target)
    if owner is None:
        return Silence.UNKNOWN_ADDRESS
    if owner.mac == request.source_mac:
        return Silence.OWN_ADDRESS
    return answer_frame(request, NeighbourAdvertisement(request.target, owner.mac, owner.is_router))


def _is_honest(endpoint: Endpoint, request: NeighbourSolicitation) -> bool:
    if not endpoint.port_security:
        return True
    mac = request.options.get(SOURCE_ADDRESS)
    if mac is not None and mac != request.source_mac.to_bytes(6):
        return False
    if request.is_probe():
        return port_security.permits_mac(endpoint, request.source_mac)
    return port_security.permits_ipv6(endpoint, request.source_mac, request.source)
