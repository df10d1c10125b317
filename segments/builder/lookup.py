"""User lookup: for one person, whether each filter holds and what it sees, and so why in or out.

A person is asked for alone, in the snapshot of the page: exact and quick also while the bitmaps of
the filters are not ready.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils.translation import gettext as _
from pyroaring import BitMap

from profiles.models import Profile
from profiles.person.search import search
from segments.audiences.patience import ALONE_SECONDS
from segments.audiences.people import People
from segments.filters.base import Filter, InvalidTree, Node, NotReady
from segments.filters.catalogue import Catalogue
from segments.trees.membership import SegmentMembership
from segments.trees.tree import Group, Tree

MOST_SHOWN = 3
#: How deep nested segments are opened. A page that shows deeper ones could not be drawn.
MOST_OPENED = 8


@dataclass(frozen=True)
class FilterAnswer:
    """One filter: whether it ``holds`` and what it saw, or that this is not for the reader."""

    sentence: str
    holds: bool
    seen: str = ""
    hidden: bool = False
    nested: tuple["SegmentAnswer", ...] = ()


@dataclass(frozen=True)
class GroupAnswer:
    name: str
    join: str
    holds: bool
    filters: tuple[FilterAnswer, ...]

    def reason(self) -> str:
        """Say why the group does not hold."""
        missing = [item.sentence for item in self.filters if not item.holds]
        if len(missing) == 1:
            return _("“%(filter)s” does not hold") % {"filter": missing[0]}
        if self.join == "any":
            return _("none of these holds: %(filters)s") % {"filters": quoted(missing)}
        return _("these do not hold: %(filters)s") % {"filters": quoted(missing)}

    def excludes(self) -> str:
        """Say why the group, which holds, excludes."""
        holding = [item.sentence for item in self.filters if item.holds]
        return _("excluded, as this holds: %(filters)s") % {"filters": quoted(holding)}


@dataclass(frozen=True)
class TreeAnswer:
    """A whole tree, its groups first and then its exclusions."""

    join: str
    holds: bool
    groups: tuple[GroupAnswer, ...]
    exclusions: tuple[GroupAnswer, ...]

    def reasons(self) -> Iterator[str]:
        """Say why the tree does not hold."""
        if self.groups and (self.join == "all" or not any(group.holds for group in self.groups)):
            yield from (group.reason() for group in self.groups if not group.holds)
        yield from (group.excludes() for group in self.exclusions if group.holds)


@dataclass(frozen=True)
class SegmentAnswer:
    """A nested segment, with its own filters one level below.

    Not ``opened``, it says of the whole alone: its filters stand further up, or too far down.
    """

    name: str
    tree: TreeAnswer
    opened: bool = True


@dataclass(frozen=True)
class Answer:
    """Whether ``profile`` is in, and why."""

    profile: Profile
    inside: bool
    reasons: list[str]
    groups: list[GroupAnswer]
    exclusions: list[GroupAnswer]


@dataclass(frozen=True)
class Lookup:
    """What was asked, and the answer for each person found, ``MOST_SHOWN`` of them at most."""

    text: str
    found: int = 0
    answers: tuple[Answer, ...] = ()
    failed: bool = False


def look_up(
    people: People,
    text: str,
    tree: Tree,
    catalogue: Catalogue,
    *,
    personal: bool,
    also: Sequence[Group] = (),
) -> Lookup:
    """Find people by ``text`` and say of each whether ``tree`` holds for them, and why.

    ``also`` are groups that must hold besides. Without ``personal``, nobody is found by an e-mail
    address or a phone number, and what filters see of personal data is hidden.
    """
    known = list(search(people.workspace, text.strip(), personal=personal))
    shown = known[:MOST_SHOWN]
    try:
        answers = tuple(
            Explainer(people, profile, catalogue, personal, ALONE_SECONDS / len(shown)).answer(
                tree, also
            )
            for profile in shown
        )
    except (InvalidTree, NotReady, DatabaseError):
        return Lookup(text, len(known), failed=True)
    return Lookup(text, len(known), answers)


class Explainer:
    """Answers for one person, with ``within`` seconds for all filters together.

    Without ``seeing`` nobody looks up what filters see: that is a query for each.
    """

    def __init__(
        self,
        people: People,
        profile: Profile,
        catalogue: Catalogue,
        personal: bool,
        within: float,
        *,
        seeing: bool = True,
    ) -> None:
        self.people = people.among(BitMap([profile.pk]), within)
        self.profile = profile
        self.catalogue = catalogue
        self.personal = personal
        self.seeing = seeing
        self._opened: set[str] = set()
        self._sentences: dict[Filter, str] = {}

    def answer(self, tree: Tree, also: Sequence[Group]) -> Answer:
        self.people.prepare([tree, *also])
        said = self._tree(tree)
        besides = [self._group(_("Segments"), group) for group in also]
        reasons = [group.reason() for group in besides if not group.holds]
        reasons += [] if said.holds else said.reasons()
        groups = [*besides, *said.groups]
        return Answer(self.profile, not reasons, reasons, groups, list(said.exclusions))

    def reasons(self, tree: Tree) -> list[str]:
        """Say why ``tree`` does not hold; nothing where it does."""
        return [] if self._holds(tree) else list(self._tree(tree).reasons())

    def _holds(self, node: Node) -> bool:
        return bool(node.audience(self.people))

    def _tree(self, tree: Tree, depth: int = 0) -> TreeAnswer:
        groups = [
            self._group(_("Group %(number)s") % {"number": number}, group, depth)
            for number, group in enumerate(tree.groups, 1)
        ]
        exclusions = [
            self._group(_("Exclusion group %(number)s") % {"number": number}, group, depth)
            for number, group in enumerate(tree.exclusions, 1)
        ]
        return TreeAnswer(tree.join, self._holds(tree), tuple(groups), tuple(exclusions))

    def _group(self, name: str, group: Group, depth: int = 0) -> GroupAnswer:
        filters = tuple(self._filter(item, depth) for item in group.filters)
        return GroupAnswer(name, group.join, self._holds(group), filters)

    def _filter(self, item: Filter, depth: int) -> FilterAnswer:
        hidden = item.personal and not self.personal
        return FilterAnswer(
            self._sentence(item),
            self._holds(item),
            "" if hidden or not self.seeing else self._seen(item),
            hidden,
            tuple(self._segments(item, depth + 1)) if self.seeing else (),
        )

    def _sentence(self, item: Filter) -> str:
        # Segments share filters.
        if item not in self._sentences:
            self._sentences[item] = item.sentence(self.catalogue)
        return self._sentences[item]

    def _seen(self, item: Filter) -> str:
        return item.seen(self.people.workspace, self.profile, self.people.now)

    def _segments(self, item: Filter, depth: int) -> Iterator[SegmentAnswer]:
        """Say of each segment that ``item`` names whether it holds, each opened once."""
        if isinstance(item, SegmentMembership):
            names = dict(self.catalogue.choices(item))
            for pk in item.picked:
                tree, name = self.people.tree(pk), str(names.get(pk, pk))
                if pk in self._opened or depth > MOST_OPENED:
                    whole = TreeAnswer(tree.join, self._holds(tree), (), ())
                    yield SegmentAnswer(name, whole, opened=False)
                else:
                    self._opened.add(pk)
                    yield SegmentAnswer(name, self._tree(tree, depth))


def quoted(sentences: list[str]) -> str:
    in_quotes = _("“%(filter)s”")
    return "; ".join(in_quotes % {"filter": sentence} for sentence in sentences)
