"""Answering ARP for the workloads of this host (RFC 826, RFC 5227). Pure.

Nothing is asked of other hosts: an address is known from the goal state or not answered at all.
"""

import enum
from collections.abc import Callable

from alcor.dataplane import frames, port_security
from alcor.dataplane.driver import Endpoint
from alcor.dataplane.frames import Arp


class Silence(enum.Enum):
    """Why a request gets no answer; the values name counters."""

    MALFORMED = "arp_malformed"
    NOT_A_REQUEST = "arp_not_a_request"
    SPOOFED = "arp_spoofed"
    UNKNOWN_ADDRESS = "arp_unknown_address"
    OWN_ADDRESS = "arp_own_address"


def answer(endpoint: Endpoint, frame: bytes, owner_of: Callable[[int, int], int | None]) -> bytes | Silence:
    """The reply to an ARP frame sent by a workload; ``owner_of(vni, address)`` is the MAC that has an IPv4 address.

    A workload that asks for its own address, to announce it or to find out whether it is free, is not answered: an
    answer would mean that somebody else has it. A probe (sender address 0.0.0.0) for another port's address is
    answered, so that the prober keeps off it.
    """
    header, request = frames.ethernet(frame), frames.arp(frame)
    if header is None or request is None:
        return Silence.MALFORMED
    if request.operation != frames.ARP_REQUEST:
        return Silence.NOT_A_REQUEST
    if not _is_honest(endpoint, header.source, request):
        return Silence.SPOOFED
    owner = owner_of(endpoint.vni, request.target_ip)
    if owner is None:
        return Silence.UNKNOWN_ADDRESS
    if owner == request.sender_mac or request.target_ip in endpoint.ipv4:
        return Silence.OWN_ADDRESS
    return frames.arp_frame(Arp(frames.ARP_REPLY, owner, request.target_ip, request.sender_mac, request.sender_ip))


def _is_honest(endpoint: Endpoint, source: int, request: Arp) -> bool:
    if not endpoint.port_security:
        return True
    if source != request.sender_mac or not port_security.permits_mac(endpoint, source):
        return False
    return request.sender_ip == 0 or port_security.permits_ipv4(endpoint, source, request.sender_ip)
