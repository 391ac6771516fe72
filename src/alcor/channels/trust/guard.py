"""Who may speak for whom: asked by the servers of all streams, of the certificate that a peer has shown."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

from alcor.channels.checks import MalformedMessage
from alcor.channels.trust import certificates
from alcor.channels.trust.identity import Identity, Kind, parse_identity
from alcor.channels.trust.refusals import Refusal, Refusals
from alcor.model.records import NodeRecord

End = Callable[[str], None]
"""Ends a stream, saying why."""


class Refused(Exception):
    """The peer may not do this; the message says why, for the peer."""


class Guard(Protocol):
    """Decides by gRPC's context of a call. Raises Refused."""

    def check_host(self, context: Any, host_id: str) -> None:
        """Whether the peer may speak for this host: it is the host, or one that may speak for many."""

    def check_fleet(self, context: Any) -> None:
        """Whether the peer may speak for many hosts."""

    def watched(self, context: Any, end: End) -> contextlib.AbstractContextManager[None]:
        """While this lasts, the stream is ended as soon as the peer is no longer to be let in."""


class Unguarded:
    """A Guard where no certificates are shown: everybody may everything."""

    def check_host(self, context: Any, host_id: str) -> None:
        """See Guard."""

    def check_fleet(self, context: Any) -> None:
        """See Guard."""

    @contextlib.contextmanager
    def watched(self, context: Any, end: End) -> Iterator[None]:
        """See Guard."""
        yield


class CertificateGuard:
    """A Guard that knows the nodes there are, and so which certificates of hosts were revoked."""

    def __init__(self, nodes: Callable[[], Mapping[str, NodeRecord]], refusals: Refusals) -> None:
        """``nodes`` gives them as they are at any time."""
        self._nodes, self._refusals = nodes, refusals
        self._trusted: Callable[[], bytes] | None = None  # None while TLS alone has seen to it
        self._streams: dict[str, dict[End, Identity]] = {}  # host → those of its streams

    def check_host(self, context: Any, host_id: str) -> None:
        """See Guard."""
        identity = self._peer(context)
        if identity.kind is not Kind.FLEET and (identity.kind is not Kind.HOST or identity.name != host_id):
            self._refuse(identity, Refusal("another host", f"its certificate is not of host {host_id[:255]}"))
        self.check(identity)
        self._refusals.admitted.inc()

    def check_fleet(self, context: Any) -> None:
        """See Guard."""
        identity = self._peer(context)
        if identity.kind is not Kind.FLEET:
            self._refuse(identity, Refusal("role", "its certificate is of one that may not speak for many hosts"))
        self._refusals.admitted.inc()

    def caller(self, context: Any) -> Identity:
        """Who calls, whoever it is. Raises Refused when that one is not to be let in."""
        identity = self._peer(context)
        self.check(identity)
        return identity

    def check(self, identity: Identity) -> None:
        """Raises Refused when certificates of this identity hold no longer."""
        if (refusal := self._revoked(identity)) is not None:
            self._refuse(identity, refusal)

    @contextlib.contextmanager
    def watched(self, context: Any, end: End) -> Iterator[None]:
        """See Guard."""
        end_watch = self.watch(self._peer(context), end)
        try:
            yield
        finally:
            end_watch()

    def watch(self, identity: Identity, end: End) -> Callable[[], None]:
        """Have something ended as soon as its peer is no longer to be let in, until what is given is called."""
        streams = self._streams.setdefault(identity.name, {})
        streams[end] = identity

        def end_watch() -> None:
            streams.pop(end, None)
            if not streams and self._streams.get(identity.name) is streams:
                del self._streams[identity.name]

        return end_watch

    def nodes_changed(self, hosts: Collection[str]) -> None:
        """These nodes came, changed or went: who is not to be let in any more is sent away."""
        for host_id in hosts:
            for end, identity in list(self._streams.get(host_id, {}).items()):
                if (refusal := self._revoked(identity)) is not None:
                    self._refusals.note(str(identity), refusal)
                    end(refusal.reason)

    def authority_withdrawn(self, trusted: Callable[[], bytes]) -> None:
        """An authority is trusted no more, though it may have signed what any peer has shown: all are sent away.

        They may keep their connections, so what was shown on these is held to ``trusted`` (PEM) from now on.
        """
        self._trusted = trusted
        for streams in list(self._streams.values()):
            for end in list(streams):
                end("the authority of its certificate was withdrawn: it has to join anew")

    def everything_changed(self) -> None:
        """The nodes were read anew."""
        self.nodes_changed(list(self._streams))

    def _revoked(self, identity: Identity) -> Refusal | None:
        if identity.kind is not Kind.HOST:
            return None
        node = self._nodes().get(identity.name)
        if node is None or node.host_index != identity.index:
            return Refusal("no node", "there is no such node, or it was deleted since the certificate was issued")
        if node.generation != identity.generation:
            return Refusal("revoked", "its certificate was revoked")
        return None

    def _peer(self, context: Any) -> Identity:
        shown = context.auth_context()
        uris = shown.get("peer_uri", ())
        try:
            if self._trusted is not None:
                certificates.check_issued(b"".join(shown.get("x509_pem_cert", ())), self._trusted())
            if len(uris) != 1:
                raise MalformedMessage("its certificate names nobody")
            return parse_identity(uris[0].decode())
        except (MalformedMessage, UnicodeDecodeError) as error:
            refusal = Refusal("certificate", str(error))
            self._refusals.note("somebody", refusal)
            raise Refused(refusal.reason) from error

    def _refuse(self, identity: Identity, refusal: Refusal) -> None:
        self._refusals.note(str(identity), refusal)
        raise Refused(refusal.reason)
