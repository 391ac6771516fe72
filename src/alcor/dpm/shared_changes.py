"""What changed lately of what is queued, or is still told by topic to some host."""

from alcor.dpm.read_model import ReadModel
from alcor.dpm.shared_history import SharedHistory
from alcor.model.goal_state import GoalStateDelta, Subject


class SharedChanges:
    """As far as a controller saw it change."""

    def __init__(self) -> None:
        self._histories: dict[Subject, SharedHistory] = {}

    def clear(self) -> None:
        """Something was missed."""
        self._histories.clear()

    def add(self, subject: Subject, change: GoalStateDelta) -> None:
        """It changed."""
        self._histories.setdefault(subject, SharedHistory()).add(change)

    def forget_unneeded(self, model: ReadModel) -> None:
        """Keep only what somebody may still ask for."""
        for subject in [each for each in self._histories if each not in model.queued and not model.fed.of(each)]:
            del self._histories[subject]

    def floor(self, model: ReadModel, subject: Subject) -> int:
        """From which revision on all changes are known."""
        return self._history(subject).floor(model.fed.changed_at(subject))

    def since(self, model: ReadModel, subject: Subject, revision: int) -> GoalStateDelta | None:
        """What leads from a revision to how it is now; None when that is not known any more."""
        return self._history(subject).since(revision, model.fed.changed_at(subject))

    def _history(self, subject: Subject) -> SharedHistory:
        return self._histories.get(subject) or SharedHistory()
