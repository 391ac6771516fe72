"""Whether a host has what it should have, from the digest it says."""

import enum
import logging

from alcor.channels.interface import HostConnection, Waiting
from alcor.channels.messages import GoalStateDigest, Hello
from alcor.dpm.digests import host_digest
from alcor.dpm.read_model import ReadModel
from alcor.dpm.topics import settled
from alcor.model.digest import VERSION

log = logging.getLogger(__name__)


class Compared(enum.Enum):
    """What came of comparing a host's digest."""

    SAME = "same"
    DIFFERENT = "different"
    BUSY = "busy"  # more is on its way to the host
    OTHER_VERSION = "other_version"  # of the way digests are made


def compare(model: ReadModel, connection: HostConnection, said: GoalStateDigest) -> Compared:
    """Compare a host that was told of everything up to the model's revision. The cost is that of its own ports."""
    delivery = connection.delivery()
    if delivery.waiting is not Waiting.NOTHING or delivery.unacknowledged or delivery.sent_revision != said.revision:
        return Compared.BUSY
    host_id = connection.hello.host_id
    if not settled(model, host_id, said.revision, said.feeds):
        return Compared.BUSY
    if said.version != VERSION:
        return Compared.OTHER_VERSION
    differences = host_digest(model, host_id).differences(said.digest)
    if not differences:
        return Compared.SAME
    log.error(
        "host %s does not have what it should have at revision %d: its %s differ; it gets everything anew",
        host_id,
        said.revision,
        " and ".join(differences),
    )
    return Compared.DIFFERENT


def has_everything(model: ReadModel, hello: Hello) -> bool:
    """Whether a host that was away has all it should have nevertheless, as far as it said."""
    said = hello.digest
    if said is None or said.version != VERSION or said.revision != hello.applied_revision:
        return False
    if said.feeds != hello.feeds:
        return False
    return said.digest == host_digest(model, hello.host_id)
