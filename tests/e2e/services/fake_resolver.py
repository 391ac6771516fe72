"""A resolver that knows a few names of the Internet, by UDP and TCP."""

import socketserver
import sys

import dns.message
import dns.rcode
import dns.rrset

ANSWERS = {"www.example.org.": "198.51.100.7", "large.example.org.": "x" * 250}
COUNT = 20


def answer(wire: bytes) -> dns.message.Message:
    query = dns.message.from_wire(wire)
    said = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    value = ANSWERS.get(question.name.to_text())
    if value is None:
        said.set_rcode(dns.rcode.NXDOMAIN)
    elif len(value) < 20:
        said.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", value))
    else:
        texts = [f'"{number}{value}"' for number in range(COUNT)]
        said.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "TXT", texts))
    return said


class Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, listener = self.request
        said = answer(data)
        try:
            listener.sendto(said.to_wire(max_size=1232), self.client_address)
        except dns.exception.TooBig:
            said.answer.clear()
            said.flags |= dns.flags.TC
            listener.sendto(said.to_wire(), self.client_address)


class Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        wire = answer(self.rfile.read(int.from_bytes(self.rfile.read(2)))).to_wire(max_size=65535)
        self.wfile.write(len(wire).to_bytes(2) + wire)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        socketserver.ThreadingTCPServer((sys.argv[1], 53), Connection).serve_forever()
    socketserver.ThreadingUDPServer((sys.argv[1], 53), Datagram).serve_forever()
