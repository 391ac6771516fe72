"""What changed lately of what is queued, or is still told by topic to some host."""

from alcor.dpm.read_model import ReadModel
from alcor.dpm.shared_history import SharedHistory
from alcor.model.goal_state import GoalStateDelta, Subject
from alcor.model.identifiers import Id


class SharedChanges:
    """As far as a controller saw it change."""

    def __init__(self) -> None:
        self._histories: dict[Subject, SharedHistory] = {}

    def clear(self) -> None:
        """Something was missed."""
        self._histories.clear()

    def add(self, subject: Subject, change: GoalStateDelta) -> None:
        """It changed. What is told whole each time needs no history."""
        if isinstance(subject, int):
            self._histories.setdefault(subject, SharedHistory()).add(change)

    def forget_unneeded(self, model: ReadModel) -> None:
        """Keep only what somebody may still ask for."""
        for subject in [each for each in self._histories if not (model.is_queued(each) or model.fed.of(each))]:
            del self._histories[subject]

    def floor(self, model: ReadModel, subject: Subject) -> int:
        """From which revision on all changes are known."""
        if not isinstance(subject, int):
            return 0
        return self._history(subject).floor(model.fed.changed_at(subject))

    def since(self, model: ReadModel, subject: Subject, revision: int) -> GoalStateDelta | None:
        """What leads from a revision to how it is now; None when that is not known any more."""
        if not isinstance(subject, int):
            return _whole(model, subject)
        return self._history(subject).since(revision, model.fed.changed_at(subject))

    def _history(self, subject: Subject) -> SharedHistory:
        return self._histories.get(subject) or SharedHistory()


def _whole(model: ReadModel, group_id: Id) -> GoalStateDelta | None:
    state = model.security.state(group_id)
    if state is None:
        return None
    return GoalStateDelta(revision=model.fed.changed_at(group_id), security_groups={group_id: state})
