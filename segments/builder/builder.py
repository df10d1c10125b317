"""The segment builder: a form that is a tree.

The whole form is posted each time. Every group and filter has a path (``g0``, ``g0-f2``; ``x0``
for an exclusion group) that prefixes its fields, and says by a hidden field that it is there; every
action is a named button (``tree:up:g0-f2``). So the builder needs no JavaScript and keeps no state.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from segments.audiences.estimates import Size
from segments.audiences.people import People
from segments.builder import json_view
from segments.builder.checking import checked_tree
from segments.builder.drafts import DraftFilter, DraftGroup, LeafForm, as_draft, copy_of
from segments.filters.attributes import custom_key
from segments.filters.base import InvalidTree, Node
from segments.filters.catalogue import Catalogue
from segments.filters.everyone import EVERYONE
from segments.filters.judging import checked_leaf
from segments.trees.nodes import running
from segments.trees.shapes import (
    JOINS,
    MOST_FILTERS,
    MOST_GROUPS,
    check_join,
    parse,
    refuse_too_many,
    too_many_groups,
)
from segments.trees.tree import Tree, about, load_tree, stored_filters
from workspaces.models import Workspace


class Builder:
    """The draft of one tree, from what is stored or from what was posted.

    ``prefix`` tells several builders on one page apart. What cannot be read of it is left out and
    said in ``problem``: then nothing can be measured, and what was posted cannot be saved. Without
    ``personal``, its sentences hide values of personal data.
    """

    def __init__(
        self,
        workspace: Workspace,
        tree: dict[str, Any],
        *,
        data: QueryDict | None = None,
        prefix: str = "tree",
        personal: bool = True,
    ) -> None:
        self.workspace = workspace
        self.prefix = prefix
        self.catalogue = Catalogue(workspace, stored_filters(tree), personal=personal)
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
            self._read_tree(load_tree(stored, self.catalogue))
        except InvalidTree as error:
            self.problem = str(error)

    def _read_tree(self, tree: Tree) -> None:
        self.join = tree.join
        self.groups, self.exclusions = (
            [DraftGroup(group.join, [as_draft(item) for item in group.filters]) for group in groups]
            for groups in (tree.groups, tree.exclusions)
        )

    def _read_posted(self) -> None:
        self.join = self._posted_join("join")
        by_path: dict[str, DraftGroup] = {}
        paths = self._data.getlist(f"{self.prefix}-node")
        groups = [path for path in paths if "-" not in path]
        filters = [path for path in paths if "-" in path]
        # No more is looked at than a tree may have, however much was posted.
        for path in groups[:MOST_GROUPS]:
            group = DraftGroup(self._posted_join(f"{path}-join"), path=path)
            by_path[path] = group
            (self.exclusions if path.startswith("x") else self.groups).append(group)
        for count, path in enumerate(filters[:MOST_FILTERS], 1):
            if group_of := by_path.get(path.partition("-")[0]):
                self._read_filter(path, group_of, count)
            else:
                self.problem = self.problem or _("A filter is in no group.")
        self._refuse_too_many(groups, filters)
        self._read_json()

    def _refuse_too_many(self, groups: list[str], filters: list[str]) -> None:
        try:
            refuse_too_many(len(filters))
        except InvalidTree as error:
            self.problem = str(error)
        if len(groups) > MOST_GROUPS:
            self.problem = too_many_groups(len(groups))

    def _read_filter(self, path: str, group: DraftGroup, count: int) -> None:
        try:
            group.filters.append(self._posted_filter(path))
        except InvalidTree as error:
            key = self._data.get(f"{self.prefix}-{path}-filter", "")
            self.problem = about(count, self.catalogue.name_of(key), error)

    def _read_json(self) -> None:
        """Keep the text of the JSON view if the member has changed it."""
        text = json_view.same_lines(self._data.get(f"{self.prefix}-json", ""))
        if text and json_view.mark(text) != self._data.get(f"{self.prefix}-json-mark"):
            self._json = text

    def _posted_filter(self, path: str) -> DraftFilter:
        operator = self._data.get(f"{self.prefix}-{path}-operator", "")
        draft = DraftFilter(
            key=self._data.get(f"{self.prefix}-{path}-filter", ""),
            operator=operator,
            value=self._data.getlist(f"{self.prefix}-{path}-value"),
        )
        # Its value is judged by its form, once all that was posted is read.
        asked = {"filter": draft.key, "operator": operator or draft.operator, "value": []}
        checked_leaf(asked, self.catalogue)
        return draft

    def _posted_join(self, name: str) -> str:
        try:
            return check_join({"join": self._data.get(f"{self.prefix}-{name}") or JOINS[0]})
        except InvalidTree as error:
            self.problem = str(error)
            return JOINS[0]

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
            self._read_tree(checked_tree(self.catalogue, parse(text)))
        except InvalidTree as error:
            self._json, self.json_problem = text, str(error)
        else:
            self._json, self.problem = None, ""

    def _add_group(self, path: str) -> None:
        if len(self._groups()) < MOST_GROUPS:
            self.groups.append(DraftGroup())

    def _add_exclusion(self, path: str) -> None:
        if len(self._groups()) < MOST_GROUPS:
            self.exclusions.append(DraftGroup(join="any"))

    def _add_filter(self, path: str) -> None:
        key = self._data.get(f"{self.prefix}-{path}-add", "")
        group = next((group for group in self._groups() if group.path == path), None)
        if group and not key and (name := self._data.get(f"{self.prefix}-{path}-named", "")):
            key = custom_key(self.workspace, name.strip())
            group.unknown_name = "" if key else name
        if group and key in self.catalogue and len(list(self._leaves())) < MOST_FILTERS:
            group.filters.append(DraftFilter(key))

    def _remove(self, path: str) -> None:
        siblings, place = self._place(path)
        del siblings[place : place + 1]

    def _duplicate(self, path: str) -> None:
        siblings, place = self._place(path)
        if siblings:
            siblings.insert(place + 1, copy_of(siblings[place]))
            if len(list(self._leaves())) > MOST_FILTERS or len(self._groups()) > MOST_GROUPS:
                del siblings[place + 1]

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
            self.json_problem = _("You changed this text. Apply it or undo the change first.")
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
        """By which to see whether the text was changed; empty once it is."""
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
