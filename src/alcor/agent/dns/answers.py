"""Making answers (RFC 1035, 2308, 6891). Pure."""

from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from alcor.model.addresses import ip_text

SECONDS = 30
"""How long a name of a port may be remembered."""
NEGATIVE_SECONDS = 5
"""How long it may be that there is none."""

_LARGEST_DATAGRAM = 1232  # that no network on the way cuts up: DNS flag day 2020
_SMALLEST_DATAGRAM = 512
_LARGEST = 65535
_HEADER = 12


def parse(wire: bytes) -> dns.message.Message | None:
    """A question, or None when it is no message at all or an answer: those get no answer."""
    if len(wire) < _HEADER or wire[2] & 0x80:
        return None
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return malformed(wire)
    return message


def malformed(wire: bytes) -> dns.message.Message:
    """The header of what cannot be read, so that it can be refused."""
    message = dns.message.QueryMessage(id=int.from_bytes(wire[:2]))
    message.flags = dns.flags.from_text("")
    return message


def refused(query: dns.message.Message, code: dns.rcode.Rcode) -> dns.message.Message:
    """The answer that there is none, and why."""
    answer = dns.message.make_response(query, recursion_available=True, our_payload=_LARGEST_DATAGRAM)
    answer.set_rcode(code)
    return answer


def own(
    query: dns.message.Message, domain: dns.name.Name, kind: str, values: Iterable[str] | None
) -> dns.message.Message:
    """What is known of a name in a domain of ours: its records of one kind, or (None) that there is no such name."""
    code = dns.rcode.NXDOMAIN if values is None else dns.rcode.NOERROR
    answer = refused(query, code)
    answer.flags |= dns.flags.AA
    name = query.question[0].name
    values = list(values or ())
    if values:
        answer.answer.append(dns.rrset.from_text_list(name, SECONDS, dns.rdataclass.IN, kind, values))
    else:
        answer.authority.append(authority(domain))
    return answer


def authority(domain: dns.name.Name) -> dns.rrset.RRset:
    """Says how long it may be remembered that there is nothing."""
    text = f"{domain} nobody.invalid. 1 3600 600 86400 {NEGATIVE_SECONDS}"
    return dns.rrset.from_text(domain, NEGATIVE_SECONDS, dns.rdataclass.IN, dns.rdatatype.SOA, text)


def of_kind(addresses: Iterable[bytes], kind: dns.rdatatype.RdataType) -> list[str]:
    """The addresses that a question of a kind is about, in text."""
    lengths = {dns.rdatatype.A: (4,), dns.rdatatype.AAAA: (16,)}.get(kind, ())
    return [ip_text(each) for each in addresses if len(each) in lengths]


def whole(answer: dns.message.Message) -> bytes:
    """The answer by TCP."""
    return answer.to_wire(max_size=_LARGEST)


def datagram(query: dns.message.Message, answer: dns.message.Message) -> bytes:
    """The answer in as many bytes as who asks takes; what is larger has to be asked for by TCP."""
    taken = query.payload if query.edns >= 0 else _SMALLEST_DATAGRAM
    size = min(max(taken, _SMALLEST_DATAGRAM), _LARGEST_DATAGRAM)
    try:
        return answer.to_wire(max_size=size)
    except dns.exception.TooBig:
        cut = refused(query, answer.rcode())
        cut.flags |= dns.flags.TC | answer.flags & dns.flags.AA
        return cut.to_wire()
