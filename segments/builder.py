"""The segment builder: a form that is a tree.

The whole form is posted each time. Every group and filter has a path (``g0``, ``g0-f2``; ``x0``
for an exclusion group) that prefixes its fields, and says by a hidden field that it is there; every
action is a named button (``tree:up:g0-f2``). So the builder needs no JavaScript and keeps no state.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from segments.audiences import People
from segments.filters import Catalogue, Filter, InvalidTree, find, load
from segments.tree import JOINS, Group, Tree, known_join
from workspaces.models import Workspace

#: More than anyone reads; it bounds the work that one request can ask for.
MOST_FILTERS = 100


class LeafForm(forms.Form):
    """The operator of one filter and the value that it asks for."""

    use_required_attribute = False

    operator = forms.CharField()

    def __init__(self, leaf: "DraftFilter", catalogue: Catalogue, prefix: str) -> None:
        super().__init__(leaf.posted(prefix), prefix=prefix)
        operators = leaf.filter_class.operators
        self.operators = [(key, operator.label) for key, operator in operators.items()]
        choices = catalogue.choices(leaf.unfinished)
        self.fields["value"] = operators[leaf.operator].field(choices)
        self.fields["operator"].label = _("Operator of %(filter)s") % {"filter": leaf.label}
        self.fields["value"].label = _("Value of %(filter)s") % {"filter": leaf.label}


@dataclass
class DraftFilter:
    """A filter as it stands in the form, finished or not."""

    key: str
    operator: str = ""
    value: list[str] = field(default_factory=list)
    path: str = ""
    label: Any = ""
    form: LeafForm | None = None
    size: int | None = None
    catalogue: Catalogue | None = None

    def __post_init__(self) -> None:
        self.filter_class, self.subject = find(self.key)
        if self.operator not in self.filter_class.operators:
            self.operator = next(iter(self.filter_class.operators))

    @property
    def unfinished(self) -> Filter:
        return self.filter_class(self.subject, self.operator, ())

    @cached_property
    def filter(self) -> Filter | None:
        """The filter that was entered, or None while it is not complete."""
        if self.form is None or not self.form.is_valid():
            return None
        return self.filter_class(self.subject, self.operator, self.form.cleaned_data["value"])

    def sentence(self) -> str:
        """Say the filter in words; nothing while it is not complete."""
        return self.filter.sentence(self.catalogue) if self.filter and self.catalogue else ""

    @property
    def started(self) -> bool:
        """Tell whether a value was entered: before that, an error would only be noise."""
        return any(item.strip() for item in self.value)

    def posted(self, prefix: str) -> MultiValueDict[str, str]:
        return MultiValueDict(
            {f"{prefix}-operator": [self.operator], f"{prefix}-value": list(self.value)}
        )


@dataclass
class DraftGroup:
    join: str = "all"
    filters: list[DraftFilter] = field(default_factory=list)
    path: str = ""
    size: int | None = None

    def tree_group(self) -> Group:
        """Return the group of those filters that are complete."""
        return Group(tuple(leaf.filter for leaf in self.filters if leaf.filter), self.join)


class Builder:
    """The draft of one tree, from what is stored or from what was posted.

    ``prefix`` tells several builders on one page apart. Raises ``BadRequest`` where what was posted
    names a filter that does not exist.
    """

    def __init__(
        self,
        workspace: Workspace,
        tree: dict[str, Any],
        *,
        data: QueryDict | None = None,
        prefix: str = "tree",
    ) -> None:
        self.workspace = workspace
        self.prefix = prefix
        self.catalogue = Catalogue(workspace)
        self.join = "all"
        self.groups: list[DraftGroup] = []
        self.exclusions: list[DraftGroup] = []
        self.size: int | None = None
        self.everyone: int | None = None
        self.checked = False
        if data is not None and f"{prefix}-join" in data:
            try:
                self._read_posted(data)
            except InvalidTree as error:
                raise BadRequest(str(error)) from error
        else:
            self._read_stored(tree)
        self._number()

    # What it is made from

    def _read_stored(self, tree: dict[str, Any]) -> None:
        self.join = known_join(tree)
        for kind, drafts in (("groups", self.groups), ("exclusions", self.exclusions)):
            for group in tree.get(kind, []):
                leaves = [as_draft(load(leaf)) for leaf in group["filters"]]
                drafts.append(DraftGroup(known_join(group), leaves))

    def _read_posted(self, data: QueryDict) -> None:
        self._data = data
        self.join = self._choice("join", JOINS)
        by_path: dict[str, DraftGroup] = {}
        for path in data.getlist(f"{self.prefix}-node")[: MOST_FILTERS * 2]:
            group_path, _dash, is_filter = path.partition("-")
            if is_filter and group_path in by_path:
                by_path[group_path].filters.append(self._posted_filter(path))
            elif not is_filter:
                group = DraftGroup(self._choice(f"{path}-join", JOINS), path=path)
                by_path[path] = group
                (self.exclusions if path.startswith("x") else self.groups).append(group)

    def _posted_filter(self, path: str) -> DraftFilter:
        return DraftFilter(
            key=self._data.get(f"{self.prefix}-{path}-filter", ""),
            operator=self._data.get(f"{self.prefix}-{path}-operator", ""),
            value=self._data.getlist(f"{self.prefix}-{path}-value"),
        )

    def _choice(self, name: str, known: tuple[str, ...]) -> str:
        value = self._data.get(f"{self.prefix}-{name}", known[0])
        return value if value in known else known[0]

    def _number(self) -> None:
        """Give every node its path, and every filter the form that belongs to it."""
        if not self.groups:
            self.groups.append(DraftGroup())
        for letter, groups in (("g", self.groups), ("x", self.exclusions)):
            for i, group in enumerate(groups):
                group.path = f"{letter}{i}"
                for j, leaf in enumerate(group.filters):
                    leaf.path = f"{letter}{i}-f{j}"
                    leaf.catalogue = self.catalogue
                    leaf.label = self.catalogue.label(leaf.unfinished)
                    leaf.__dict__.pop("filter", None)
                    leaf.form = LeafForm(leaf, self.catalogue, f"{self.prefix}-{leaf.path}")

    # What a button does to it

    def act(self, action: str) -> bool:
        """Do what the button ``action`` says, if it is one of this builder's.

        Returns whether it was; then the page is shown again and nothing is saved.
        """
        prefix, _colon, rest = action.partition(":")
        verb, _colon, path = rest.partition(":")
        deeds = {
            "refresh": self._refresh,
            "add-group": self._add_group,
            "add-exclusion": self._add_exclusion,
            "add": self._add_filter,
            "remove": self._remove,
            "duplicate": self._duplicate,
            "up": self._up,
            "down": self._down,
        }
        if prefix != self.prefix or verb not in deeds:
            return False
        deeds[verb](path)
        self._number()
        return True

    def _refresh(self, path: str) -> None:
        """Show again what was entered, with the numbers that belong to it."""

    def _add_group(self, path: str) -> None:
        self.groups.append(DraftGroup())

    def _add_exclusion(self, path: str) -> None:
        self.exclusions.append(DraftGroup(join="any"))

    def _add_filter(self, path: str) -> None:
        key = self._data.get(f"{self.prefix}-{path}-add", "")
        group = next((group for group in self._groups() if group.path == path), None)
        if group and key in self.catalogue and len(list(self._leaves())) < MOST_FILTERS:
            group.filters.append(DraftFilter(key))

    def _remove(self, path: str) -> None:
        siblings, place = self._place(path)
        del siblings[place : place + 1]

    def _duplicate(self, path: str) -> None:
        siblings, place = self._place(path)
        if siblings and len(list(self._leaves())) < MOST_FILTERS:
            siblings.insert(place + 1, copy_of(siblings[place]))

    def _up(self, path: str) -> None:
        siblings, place = self._place(path)
        if place > 0:
            siblings.insert(place - 1, siblings.pop(place))

    def _down(self, path: str) -> None:
        siblings, place = self._place(path)
        if siblings:
            siblings.insert(place + 1, siblings.pop(place))

    def _place(self, path: str) -> tuple[list[Any], int]:
        """Return the list in which the node ``path`` stands, and where; else an empty one."""
        lists: list[list[Any]] = [self.groups, self.exclusions]
        for siblings in lists + [group.filters for group in self._groups()]:
            for place, node in enumerate(siblings):
                if node.path == path:
                    return siblings, place
        return [], 0

    def _groups(self) -> list[DraftGroup]:
        return self.groups + self.exclusions

    def _leaves(self) -> Iterator[DraftFilter]:
        for group in self._groups():
            yield from group.filters

    # What it gives

    def is_valid(self) -> bool:
        """Tell whether every filter is complete; from now on the page shows what is missing."""
        self.checked = True
        return not self.incomplete

    @property
    def incomplete(self) -> int:
        """How many filters still miss something; they count for nothing in ``tree``."""
        return sum(leaf.filter is None for leaf in self._leaves())

    @property
    def tree(self) -> Tree:
        """The tree of all that is complete."""
        groups = [group.tree_group() for group in self.groups]
        exclusions = [group.tree_group() for group in self.exclusions]
        return Tree(
            tuple(group for group in groups if group.filters),
            self.join,
            tuple(group for group in exclusions if group.filters),
        )

    @property
    def sentence(self) -> str:
        return self.tree.sentence(self.catalogue)

    def measure(self, people: People) -> None:
        """Put the size of the whole, of each group and of each filter beside it."""
        for group in self._groups():
            whole = group.tree_group()
            group.size = len(whole.audience(people)) if whole.filters else None
            for leaf in group.filters:
                leaf.size = len(leaf.filter.audience(people)) if leaf.filter else None
        self.size = len(self.tree.audience(people))
        self.everyone = len(people.everyone())


def copy_of(node: Any) -> Any:
    """Return a fresh draft of a filter or a group, without what ``_number`` gives it."""
    if isinstance(node, DraftGroup):
        return DraftGroup(node.join, [copy_of(leaf) for leaf in node.filters])
    return DraftFilter(node.key, node.operator, list(node.value))


def as_draft(item: Filter) -> DraftFilter:
    """Return a stored filter as the form shows it."""
    input_ = item.operators[item.operator].field(())
    raw = getattr(input_, "raw", None)
    value = raw(item.value) if raw else [str(part) for part in item.value]
    return DraftFilter(item.key, item.operator, value)
