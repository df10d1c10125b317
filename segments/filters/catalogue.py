"""The filters that one workspace offers: the menu, their labels and their choices."""

from collections import Counter
from collections.abc import Collection

from django.utils.functional import cached_property

from segments.filters.attributes import MOST_OFFERED, CustomAttributeFilter
from segments.filters.base import FILTERS, Choices, Filter, InvalidTree, Label, find
from segments.filters.in_words import shown
from workspaces.models import Workspace


class Catalogue:
    """The filters that one workspace offers, with labels and choices looked up once.

    What the ``kept`` filters name is offered besides, though it be gone: they are stored already.
    Without ``personal``, sentences hide the values of filters over personal data.
    """

    def __init__(
        self, workspace: Workspace, kept: Collection[Filter] = (), *, personal: bool = True
    ) -> None:
        self.workspace = workspace
        self.personal = personal
        self._labels: dict[str, Label] = {}
        self._choices: dict[str, Choices] = {}
        self._subjects: dict[type[Filter], set[str]] = {}
        self._kept = {item.key for item in kept}
        self._kept_choices: dict[str, dict[str, Label]] = {}
        for item in kept:
            named = self._kept_choices.setdefault(item.key, {})
            named.update(dict.fromkeys(item.picked, item.gone))

    @cached_property
    def menu(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The filters by category, as the choices of a select."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for filter_class in FILTERS.values():
            for subject, label in filter_class.offered(self.workspace):
                key = filter_class(subject, "", ()).key
                self._labels[key] = label
                groups.setdefault(str(filter_class.category), []).append((key, str(label)))
        return list(groups.items())

    @cached_property
    def is_cut(self) -> bool:
        """Whether there may be custom attributes that the menu does not name."""
        kinds = Counter(key.partition(":")[0] for _, group in self.menu for key, _ in group)
        return any(
            kinds[each.kind] == MOST_OFFERED for each in CustomAttributeFilter.__subclasses__()
        )

    def __contains__(self, key: str) -> bool:
        """Tell whether a tree may name the filter ``key``."""
        if key in self._kept:
            return True
        try:
            filter_class, subject = find(key)
        except InvalidTree:
            return False
        if filter_class not in self._subjects:
            known = filter_class.subjects(self.workspace)
            self._subjects[filter_class] = {subject for subject, _label in known}
        return subject in self._subjects[filter_class]

    def label(self, item: Filter) -> Label:
        if item.key not in self._labels:
            self._labels[item.key] = item.label(self.workspace, item.subject)
        return self._labels[item.key]

    def name_of(self, key: str) -> str:
        """Name the filter that ``key`` names; by the key itself if there is none."""
        try:
            filter_class, subject = find(key)
            return str(self.label(filter_class(subject, "", ())))
        except InvalidTree:
            return shown(key)

    def choices(self, item: Filter) -> Choices:
        """Give what ``item`` lets one pick; last, what is gone."""
        if item.key not in self._choices:
            known = item.choices(self.workspace, item.subject)
            gone = self._kept_choices.get(item.key, {}).keys() - dict(known)
            self._choices[item.key] = [*known, *((pk, item.gone) for pk in sorted(gone))]
        return self._choices[item.key]
