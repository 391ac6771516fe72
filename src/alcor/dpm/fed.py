"""Which hosts are told of what by its topic, so that their goal states say nothing of it."""

from collections.abc import Mapping, Set

import msgspec

from alcor.model.goal_state import Subject


class Fed(msgspec.Struct):
    """As a read model has it. Nothing that is queued is known to have changed since before ``loaded_at``."""

    loaded_at: int = 0
    changes: dict[Subject, int] = {}  # when what is, or was, queued changed last
    hosts: dict[Subject, dict[str, int]] = {}  # with the revision from which their goal states are silent
    subjects: dict[str, set[Subject]] = {}  # by host

    def changed_at(self, subject: Subject) -> int:
        """Since when it is the same, as far as is known here."""
        return self.changes.get(subject, self.loaded_at)

    def of(self, subject: Subject) -> Mapping[str, int]:
        """The hosts that are told of it by its topic, with the revision from which their goal states are silent."""
        return self.hosts.get(subject, {})

    def of_host(self, host_id: str) -> Set[Subject]:
        """What the host is told of by topics."""
        return self.subjects.get(host_id, set())

    def begin(self, subject: Subject, host_id: str, revision: int) -> None:
        """The host's goal states are silent of it from this revision on."""
        self.hosts.setdefault(subject, {})[host_id] = revision
        self.subjects.setdefault(host_id, set()).add(subject)

    def end(self, subject: Subject, host_id: str) -> int | None:
        """They are not any more; returns since when they were."""
        hosts = self.hosts.get(subject, {})
        revision = hosts.pop(host_id, None)
        if revision is not None:
            if not hosts:
                del self.hosts[subject]
            self.subjects[host_id].discard(subject)
            if not self.subjects[host_id]:
                del self.subjects[host_id]
        return revision

    def end_all(self, subject: Subject) -> None:
        """No host's are any more."""
        for host_id in list(self.of(subject)):
            self.end(subject, host_id)

    def end_host(self, host_id: str) -> set[Subject]:
        """None of the host's are any more; returns of what they were."""
        subjects = set(self.of_host(host_id))
        for subject in subjects:
            self.end(subject, host_id)
        return subjects
