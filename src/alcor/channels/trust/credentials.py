"""What a process shows to others, and whom it believes: for everything that speaks TLS.

gRPC has fast_path.opening, made of the same.
"""

import os
import ssl
from collections.abc import Callable

import msgspec


class Credentials(msgspec.Struct, frozen=True):
    """All PEM: a private key, the certificate for it, and the authorities whose certificates are believed."""

    key: bytes
    chain: bytes
    authorities: bytes


CredentialSource = Callable[[], Credentials | None]
"""Those that hold now, to be asked for each connection anew; None while there are none."""


def client_context(credentials: Credentials) -> ssl.SSLContext:
    """For a connection to whom one of the authorities has certified; the name is checked as well."""
    context = believing(credentials.authorities)
    show(context, credentials)
    return context


def server_context(credentials: Credentials, *, asks_for_certificates: bool = True) -> ssl.SSLContext:
    """For a server, which lets nobody in without a certificate unless it does not ask for one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if asks_for_certificates:
        context.load_verify_locations(cadata=credentials.authorities.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    show(context, credentials)
    return context


def believing(authorities: bytes) -> ssl.SSLContext:
    """For a client that shows nothing, and believes these authorities and no others."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=authorities.decode())
    return context


def show(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Have a context show these from now on."""
    file = os.memfd_create("credentials", os.MFD_CLOEXEC)  # OpenSSL wants a file
    try:
        os.write(file, credentials.key + credentials.chain)
        context.load_cert_chain(f"/proc/self/fd/{file}")
    finally:
        os.close(file)
