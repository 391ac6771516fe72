"""The two ends of gRPC's connections, in the clear or with certificates on both sides."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import grpc

from alcor.channels.fast_path.engine import keep_engine
from alcor.channels.trust.credentials import Credentials, CredentialSource
from alcor.channels.trust.identity import CONTROLLER_NAME


class NoCredentials(ConnectionError):
    """This process has no certificate to show yet, or no longer."""


class OpenChannel(Protocol):
    """Opens a channel to HOST:PORT or unix:PATH. Raises NoCredentials."""

    def __call__(self, address: str, options: Sequence[tuple[str, Any]]) -> Any:
        """The channel, for the caller to close."""


def open_plain(address: str, options: Sequence[tuple[str, Any]]) -> Any:
    """A channel in the clear (OpenChannel)."""
    keep_engine()
    return grpc.aio.insecure_channel(address, options=options)


def opens_trusted(source: CredentialSource) -> OpenChannel:
    """Channels on which both sides show certificates: those that hold when the channel is opened.

    A controller has one name, by whatever way it is reached.
    """

    def open_channel(address: str, options: Sequence[tuple[str, Any]]) -> Any:
        credentials = source()
        if credentials is None:
            raise NoCredentials("this process has no certificate that holds")
        keep_engine()
        secured = grpc.ssl_channel_credentials(credentials.authorities, credentials.key, credentials.chain)
        named = ("grpc.ssl_target_name_override", CONTROLLER_NAME)
        return grpc.aio.secure_channel(address, secured, options=[*options, named])

    return open_channel


def server_credentials(current: Callable[[], Credentials], met: Callable[[], None]) -> Any:
    """For a server that lets nobody in without a certificate. Each connection is met with those current then.

    ``met`` is called for each that begins, whether or not it is let in, in any thread. gRPC is given others only when
    there are: while it takes them, it may use the ones before for another connection, and has let go of them.
    """
    shown = current()

    def configuration(credentials: Credentials) -> Any:
        return grpc.ssl_server_certificate_configuration(
            [(credentials.key, credentials.chain)], credentials.authorities
        )

    def changed_configuration() -> Any:
        nonlocal shown
        met()
        credentials = current()
        if credentials is shown:
            return None
        shown = credentials
        return configuration(credentials)

    return grpc.dynamic_ssl_server_credentials(configuration(shown), changed_configuration, True)
