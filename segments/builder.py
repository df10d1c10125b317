"""The segment builder: a form that is a tree.

The whole form is posted each time. Every group and filter has a path (``g0``, ``g0-f2``; ``x0``
for an exclusion group) that prefixes its fields, and says by a hidden field that it is there; every
action is a named button (``tree:up:g0-f2``). So the builder needs no JavaScript and keeps no state.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from segments import json_view
from segments.audiences import EVERYONE, Node, People
from segments.estimates import Size
from segments.filters import Catalogue, Filter, InvalidTree, find
from segments.nodes import running
from segments.shapes import (
    JOINS,
    MOST_FILTERS,
    MOST_GROUPS,
    check_leaf,
    parse,
    refuse_too_many,
    shown,
)
from segments.tree import Group, Tree, about, load_tree
from workspaces.models import Workspace


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
        self.leaf = leaf

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if "value" in cleaned:
            leaf = self.leaf
            try:
                check_leaf(leaf.filter_class(leaf.subject, leaf.operator, cleaned["value"]).dump())
            except InvalidTree as error:
                sentence = str(error)
                self.add_error("value", sentence[:1].upper() + sentence[1:])
        return cleaned


@dataclass
class DraftFilter:
    """A filter as it stands in the form, finished or not."""

    key: str
    operator: str = ""
    value: list[str] = field(default_factory=list)
    path: str = ""
    label: Any = ""
    form: LeafForm | None = None
    size: Size | None = None
    # Of the group up to this filter.
    running: Size | None = None
    catalogue: Catalogue | None = None
    # The filter as it is stored: what it names may be gone, and is then no choice of the form.
    stored: Filter | None = None

    def __post_init__(self) -> None:
        self.filter_class, self.subject = find(self.key)
        if self.operator not in self.filter_class.operators:
            self.operator = next(iter(self.filter_class.operators))

    @property
    def unfinished(self) -> Filter:
        return self.filter_class(self.subject, self.operator, ())

    @cached_property
    def filter(self) -> Filter | None:
        """The filter that is stored or was entered, or None while it is not complete."""
        if self.stored is not None:
            return self.stored
        if self.form is None or not self.form.is_valid():
            return None
        return self.filter_class(self.subject, self.operator, self.form.cleaned_data["value"])

    def sentence(self) -> str:
        """Say the filter in words; nothing while it is not complete."""
        return self.filter.sentence(self.catalogue) if self.filter and self.catalogue else ""

    def notes(self) -> list[str]:
        """Say what is amiss with what the filter names."""
        return self.filter.notes(self.catalogue) if self.filter and self.catalogue else []

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
    size: Size | None = None
    # Of the whole up to this group.
    left: Size | None = None

    def tree_group(self) -> Group:
        """Return the group of those filters that are complete."""
        return Group(tuple(leaf.filter for leaf in self.filters if leaf.filter), self.join)


class Builder:
    """The draft of one tree, from what is stored or from what was posted.

    ``prefix`` tells several builders on one page apart. What cannot be read of it is left out and
    said in ``problem``: then nothing can be measured, and what was posted cannot be saved.
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
        self.size: Size | None = None
        self.everyone: Size | None = None
        self.checked = False
        self.problem = ""
        self.json_problem = ""
        self._json: str | None = None
        self._data = QueryDict() if data is None else data
        if data is not None and f"{prefix}-join" in data:
            self._read_posted()
        else:
            self._read_stored(tree)
        self._number()

    # What it is made from

    def _read_stored(self, stored: Any) -> None:
        try:
            self._read_tree(checked_labels(load_tree(stored, self._named), self.catalogue))
        except InvalidTree as error:
            self.problem = str(error)

    def _read_tree(self, tree: Tree) -> None:
        self.join = tree.join
        self.groups, self.exclusions = (
            [DraftGroup(group.join, [as_draft(item) for item in group.filters]) for group in groups]
            for groups in (tree.groups, tree.exclusions)
        )

    def _named(self, key: str) -> str:
        return name_of(key, self.catalogue)

    def _read_posted(self) -> None:
        self.join = self._choice("join", JOINS)
        by_path: dict[str, DraftGroup] = {}
        for path in self._data.getlist(f"{self.prefix}-node"):
            group_path, _dash, is_filter = path.partition("-")
            if is_filter and group_path in by_path:
                self._read_filter(path, by_path[group_path])
            elif not is_filter and len(by_path) < MOST_GROUPS:
                group = DraftGroup(self._choice(f"{path}-join", JOINS), path=path)
                by_path[path] = group
                (self.exclusions if path.startswith("x") else self.groups).append(group)
        self._read_json()

    def _read_filter(self, path: str, group: DraftGroup) -> None:
        count = len(list(self._leaves())) + 1
        try:
            refuse_too_many(count)
        except InvalidTree as error:
            self.problem = str(error)
            return
        try:
            leaf = self._posted_filter(path)
            self.catalogue.label(leaf.unfinished)
        except InvalidTree as error:
            key = self._data.get(f"{self.prefix}-{path}-filter", "")
            self.problem = about(count, name_of(key, self.catalogue), error)
        else:
            group.filters.append(leaf)

    def _read_json(self) -> None:
        """Keep the text of the JSON view if somebody is at work on it."""
        text = json_view.same_lines(self._data.get(f"{self.prefix}-json", ""))
        if text and json_view.mark(text) != self._data.get(f"{self.prefix}-json-mark"):
            self._json = text

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
            "json": self._apply_json,
        }
        if prefix != self.prefix or verb not in deeds:
            return False
        deeds[verb](path)
        self._number()
        return True

    def _refresh(self, path: str) -> None:
        """Show again what was entered, with the numbers that belong to it."""

    def _apply_json(self, path: str) -> None:
        """Make the form from the text of the JSON view."""
        text = json_view.same_lines(self._data.get(f"{self.prefix}-json", ""))
        try:
            self._read_tree(checked_tree(self.workspace, parse(text)))
        except InvalidTree as error:
            self._json, self.json_problem = text, str(error)
        else:
            self._json = None

    def _add_group(self, path: str) -> None:
        if len(self._groups()) < MOST_GROUPS:
            self.groups.append(DraftGroup())

    def _add_exclusion(self, path: str) -> None:
        if len(self._groups()) < MOST_GROUPS:
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
        if self._json is not None and not self.json_problem:
            self.json_problem = _("You changed this text. Apply it, or undo the change, first.")
        return not (self.incomplete or self.problem or self.json_problem)

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

    @property
    def json(self) -> str:
        """The text of the JSON view."""
        return json_view.written(self.tree) if self._json is None else self._json

    @property
    def json_mark(self) -> str:
        """By what to see whether somebody changed the text; nothing while somebody does."""
        return json_view.mark(self.json) if self._json is None else ""

    @property
    def json_touched(self) -> bool:
        return self._json is not None

    def nodes(self) -> list[Node]:
        """All whose sizes ``measure`` asks for."""
        leaves = [leaf.filter for leaf in self._leaves() if leaf.filter]
        return [self.tree, *leaves]

    def measure(self, people: People) -> None:
        """Put beside the whole, each group and each filter its size, and what is left after it.

        Raises ``InvalidTree`` if not all of what is stored could be read.
        """
        if self.problem:
            raise InvalidTree(self.problem)
        people.prepare(self.nodes())
        for group in self._groups():
            self._measure_group(group, people)
        self._measure_left(people)
        self.size = people.size(self.tree)
        self.everyone = people.size(EVERYONE)

    def _measure_group(self, group: DraftGroup, people: People) -> None:
        complete = [(leaf, leaf.filter) for leaf in group.filters if leaf.filter]
        nodes = running([item for _leaf, item in complete], group.join)
        for (leaf, item), node in zip(complete, nodes, strict=True):
            leaf.size = people.size(item)
            leaf.running = people.size(node) if len(complete) > 1 else None
        group.size = people.size(nodes[-1]) if nodes else None

    def _measure_left(self, people: People) -> None:
        """Say beside each group how many the whole means when one stops reading after it."""
        groups = [group for group in self.groups if group.tree_group().filters]
        exclusions = [group for group in self.exclusions if group.tree_group().filters]
        if not exclusions and len(groups) < 2:
            return
        so_far = Tree(join=self.join)
        for group in groups:
            so_far = replace(so_far, groups=(*so_far.groups, group.tree_group()))
            group.left = people.size(so_far)
        for group in exclusions:
            so_far = replace(so_far, exclusions=(*so_far.exclusions, group.tree_group()))
            group.left = people.size(so_far)


def checked_tree(workspace: Workspace, data: Any) -> Tree:
    """Return the tree that somebody sent as JSON, with every value as its operator takes it.

    Raises ``InvalidTree`` with a sentence that names the filter: for another shape, for what does
    not exist, for what is too large, for a value that the operator does not take.
    """
    catalogue = Catalogue(workspace)
    tree = load_tree(data, lambda key: name_of(key, catalogue))
    checked_labels(tree, catalogue)
    checked = iter([_checked(item, n, catalogue) for n, item in enumerate(tree.filters(), 1)])
    groups, exclusions = (
        tuple(Group(tuple(islice(checked, len(group.filters))), group.join) for group in groups)
        for groups in (tree.groups, tree.exclusions)
    )
    return Tree(groups, tree.join, exclusions)


def _checked(item: Filter, number: int, catalogue: Catalogue) -> Filter:
    draft = as_draft(item)
    draft.label = catalogue.label(item)
    form = LeafForm(draft, catalogue, "checked")
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        raise InvalidTree(about(number, draft.label, said))
    wanted = form.cleaned_data["value"]
    if item.value != wanted:
        said = _("write its value as %(value)s.") % {"value": json_view.written_value(wanted)}
        raise InvalidTree(about(number, draft.label, said))
    return replace(item, value=wanted)


def checked_labels(tree: Tree, catalogue: Catalogue) -> Tree:
    """Return ``tree``, or raise ``InvalidTree`` where it asks about what does not exist here."""
    for number, item in enumerate(tree.filters(), 1):
        try:
            catalogue.label(item)
        except InvalidTree as error:
            raise InvalidTree(about(number, item.key, error)) from error
    return tree


def name_of(key: str, catalogue: Catalogue) -> str:
    """Name the filter that ``key`` names as the menu does; by the key itself if there is none."""
    try:
        filter_class, subject = find(key)
        return str(catalogue.label(filter_class(subject, "", ())))
    except InvalidTree:
        return shown(key)


def copy_of(node: Any) -> Any:
    """Return a fresh draft of a filter or a group, without what ``_number`` gives it."""
    if isinstance(node, DraftGroup):
        return DraftGroup(node.join, [copy_of(leaf) for leaf in node.filters])
    return DraftFilter(node.key, node.operator, list(node.value))


def as_draft(item: Filter) -> DraftFilter:
    """Return a stored filter as the form shows it."""
    input_ = item.operators[item.operator].field(())
    raw = getattr(input_, "raw", None)
    texts = ["" if part is None else str(part) for part in item.value]
    value = raw(texts) if raw else texts
    return DraftFilter(item.key, item.operator, value, stored=item)
