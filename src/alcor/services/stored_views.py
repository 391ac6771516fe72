"""Views whose JSON is in the row of their resource, but for what others say of it: lists pass it on as it is.

Their attributes are read of it when somebody asks for one that is in no column beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from alcor.services.rows import View


class StoredKind:
    """How one kind of resource is shown: by its row, and by what was read beside it.

    ``names`` are all its attributes, ``columns`` those that are columns as they are; ``view`` makes the resource, and
    ``json`` the same without some attributes.
    """

    def __init__(
        self,
        names: frozenset[str],
        columns: Mapping[str, str],
        view: Callable[[Any, Any], View],
        json: Callable[[Any, Any, tuple[str, ...]], bytes],
    ) -> None:
        self.names, self.columns = names, columns
        self.view, self.json = view, json
        self._getters: dict[tuple[str, ...], Callable[[Any], Any] | None] = {}

    def getter(self, names: tuple[str, ...]) -> Callable[[Any], Any] | None:
        """What gets attributes of these names, those that there are, of a row; None where they are not all columns."""
        if names not in self._getters:
            wanted = [name for name in names if name in self.names]
            columns = [self.columns[name] for name in wanted if name in self.columns]
            get = attrgetter(*columns) if columns else _nothing
            self._getters[names] = get if len(columns) == len(wanted) else None
        return self._getters[names]


class StoredView(Mapping[str, Any]):
    """A resource as the API shows it. Nobody changes it."""

    __slots__ = ("_beside", "_kind", "_row", "_view")

    def __init__(self, kind: StoredKind, row: Any, beside: Any) -> None:
        self._kind, self._row, self._beside = kind, row, beside
        self._view: View | None = None

    def json(self, unseen: tuple[str, ...]) -> bytes:
        """Its JSON without these attributes."""
        return self._kind.json(self._row, self._beside, unseen)

    def looked(self, names: tuple[str, ...]) -> Any:
        """What attributes of these names are, as a key: the same for views in which they are the same."""
        getter = self._kind.getter(names)
        return tuple([self.get(name) for name in names]) if getter is None else getter(self._row)

    def get(self, name: str, default: Any = None) -> Any:
        """As a mapping has it; without the exception that this would cost."""
        column = self._kind.columns.get(name)
        if column is not None:
            return getattr(self._row, column)
        return self._whole()[name] if name in self._kind.names else default

    def __getitem__(self, name: str) -> Any:
        column = self._kind.columns.get(name)
        return self._whole()[name] if column is None else getattr(self._row, column)

    def __contains__(self, name: object) -> bool:
        return name in self._kind.names

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._kind.names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StoredView):
            return bool(self._row == other._row and self._beside == other._beside)
        return self._whole() == other

    __hash__ = None  # type: ignore[assignment]  # as that of a dict

    def _whole(self) -> View:
        if self._view is None:
            self._view = self._kind.view(self._row, self._beside)
        return self._view


def _nothing(_row: Any) -> None: ...
