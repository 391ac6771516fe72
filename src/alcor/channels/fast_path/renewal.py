"""Both ends of a call that renews a certificate, on a connection on which the present one is shown."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.fast_path.calls import abort
from alcor.channels.fast_path.dialling import channel_options, reason
from alcor.channels.fast_path.opening import NoCredentials, OpenChannel
from alcor.channels.fast_path.options import RENEW_METHOD, Keepalive
from alcor.channels.trust import certificates
from alcor.channels.trust.certifying import NotCertified
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import EnrolmentFailed, taken
from alcor.channels.trust.guard import Refused
from alcor.channels.ways import Ways, direct
from alcor.southbound.v1 import trust_pb2 as pb

_PATIENCE_SECONDS = 15.0

Renew = Callable[[Any, bytes], Awaitable[tuple[bytes, bytes]]]
"""The certificate and the authorities (PEM) for whom gRPC's context of a call shows, and a signing request.

Raises Refused, NotCertified or MalformedMessage."""


async def renewed(address: str, key: bytes, open_channel: OpenChannel, ways: Ways = direct) -> Credentials:
    """A certificate for a new key, of a controller at an address. Raises EnrolmentFailed."""
    try:
        async with ways(address) as target, open_channel(target, channel_options(Keepalive())) as channel:
            request = pb.RenewalRequest(signing_request=certificates.signing_request(key))
            call = channel.unary_unary(RENEW_METHOD)
            data = await call(request.SerializeToString(), timeout=_PATIENCE_SECONDS)
        return taken(parse(pb.Certificate, data), key)
    except MalformedMessage as error:
        raise EnrolmentFailed(f"{address} answers nonsense: {error}") from error
    except NoCredentials as error:
        raise EnrolmentFailed(str(error)) from error
    except OSError as error:
        raise EnrolmentFailed(f"{address}: {error}") from error
    except grpc.aio.AioRpcError as error:
        is_final = error.code() is grpc.StatusCode.PERMISSION_DENIED
        raise EnrolmentFailed(f"{address}: {reason(error)}", is_final) from error


def renewal_handler(renew: Renew) -> Any:
    """For a gRPC server that lets nobody in without a certificate."""

    async def serve(data: bytes, context: Any) -> bytes:
        try:
            chain, authorities = await renew(context, parse(pb.RenewalRequest, data).signing_request)
            return pb.Certificate(chain=chain, authorities=authorities).SerializeToString()
        except MalformedMessage as error:
            await abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except (Refused, NotCertified) as error:
            await abort(context, grpc.StatusCode.PERMISSION_DENIED, str(error))

    methods = {"Renew": grpc.unary_unary_rpc_method_handler(serve)}
    return grpc.method_handlers_generic_handler("alcor.southbound.v1.Trust", methods)
