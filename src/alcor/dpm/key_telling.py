"""Telling hosts what the topics are sealed with that they may read: when that changes, and ahead of each epoch."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

from alcor.channels.gradually import gradually
from alcor.channels.interface import HostConnection
from alcor.channels.messages import TopicKeys
from alcor.channels.topic_keys import TopicKeySchedule
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import Subject

_LONGEST_LOOK_SECONDS = 5.0


class KeyTelling:
    """Of the hosts connected to one controller. Without ``keys`` nothing is sealed, and nobody is told anything."""

    def __init__(
        self,
        connections: Mapping[str, HostConnection],
        model: Callable[[], ReadModel],
        keys: TopicKeySchedule | None,
    ) -> None:
        """``connections`` are those of the hosts, by their ids."""
        self._connections, self._model, self._keys = connections, model, keys

    def tell(self, connection: HostConnection) -> None:
        """Tell a host all keys that it needs by now, instead of what it was told before."""
        if self._keys is None or not connection.hello.takes_topic_keys:
            return
        model = self._model()
        told = {each: self._keys.told(model.topic(each)) for each in _readable(model, connection.hello.host_id)}
        if told:
            connection.tell(TopicKeys(told))

    async def run(self) -> None:
        """Go on for ever."""
        if self._keys is None:
            return
        told = self._keys.latest
        while True:
            await asyncio.sleep(min(self._keys.telling_seconds / 4, _LONGEST_LOOK_SECONDS))
            if self._keys.latest != told:
                told = self._keys.latest
                await gradually(list(self._connections), self._keys.telling_seconds / 2, self._tell_host)

    def _tell_host(self, host_id: str) -> None:
        connection = self._connections.get(host_id)
        if connection is not None:
            self.tell(connection)


def _readable(model: ReadModel, host_id: str) -> Iterator[Subject]:
    """What has a topic of all that a host is told."""
    records = (model.vpcs[vpc_id].record for vpc_id in model.host_vpcs.get(host_id, ()))
    vnis = (record.vni for record in records if record is not None)
    subjects: tuple[Subject, ...] = (*vnis, *model.security.queued)
    for subject in subjects:
        if model.is_queued(subject) and model.is_told(host_id, subject):
            yield subject
