"""How simulated hosts come by a certificate: as a fleet, which speaks for all of them."""

import socket
from urllib.parse import quote

from alcor.channels.fast_path.opening import OpenChannel, open_plain, opens_trusted
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import EnrolmentFailed, join
from alcor.scale.errors import ScaleError
from alcor.scale.http_client import HttpClient


async def joined(client: HttpClient, enrolment: str) -> Credentials:
    """A certificate for the fleets of this machine, of the controller that hosts join at ``enrolment``.

    It holds for as long as any; hosts that connect after that are not let in. Raises ScaleError.
    """
    name = quote(f"scale-{socket.gethostname()}", safe="")
    made = (await client.json("POST", f"/trust/fleets/{name}/join-token"))["join_token"]
    try:
        return await join(enrolment, made["authority"], made["token"], certificates.new_key())
    except EnrolmentFailed as error:
        raise ScaleError(f"the simulated hosts get no certificate: {error}") from error


def opens(credentials: Credentials | None) -> OpenChannel:
    """Opens channels on which these are shown, or in the clear."""
    return open_plain if credentials is None else opens_trusted(lambda: credentials)
