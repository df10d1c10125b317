"""Whom a campaign or a Canvas is meant for, and how many of them each channel can reach.

The audience is everyone in all of the chosen segments for whom the additional filters hold, less
the exclusion groups. All of it is bitmaps of the filters involved, so that it is exact and each
answer is shared with the segments that ask the same.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Self
from uuid import UUID

from django.db import DatabaseError
from django.utils.translation import gettext as _
from pyroaring import BitMap

from campaigns.channels.base import CHANNELS, Channel, SendTo, every_reach
from campaigns.models import Targeted
from profiles.models import Profile
from segments.audiences.estimates import Size
from segments.audiences.patience import PAGE_SECONDS
from segments.audiences.people import People, people_of
from segments.filters.base import Filter, InvalidTree, Label, Node, Population
from segments.filters.catalogue import Catalogue
from segments.filters.everyone import EVERYONE
from segments.models import Segment
from segments.trees.nodes import Difference, Intersection
from segments.trees.tree import Tree, load_tree
from workspaces.models import Workspace


@dataclass(frozen=True)
class Stage:
    """One narrowing: how many it holds for by itself, and how many of the audience are left."""

    label: Label
    size: Size | None
    left: Size | None
    segment: Segment | None = None


@dataclass(frozen=True)
class Reach:
    channel: Channel
    size: Size | None


@dataclass(frozen=True)
class Numbers:
    """How many are meant, and how many of them each channel reaches."""

    everyone: Size | None
    total: Size | None
    reaches: list[Reach]

    @property
    def exact(self) -> bool:
        sizes = [self.everyone, self.total, *(reach.size for reach in self.reaches)]
        return all(size is not None and size.exact for size in sizes)


@dataclass(frozen=True)
class Summary:
    """The Audience Summary: all of one snapshot."""

    numbers: Numbers
    stages: list[Stage]
    sample: list[Profile]


@dataclass(frozen=True)
class Target:
    """The choices of the Target Audiences step."""

    segments: tuple[Segment, ...]
    tree: Tree
    send_to: SendTo

    @classmethod
    def of(cls, targeted: Targeted) -> Self:
        """Read the stored choices. Raises ``InvalidTree`` as ``load_tree`` does."""
        segments = tuple(targeted.segments.all())
        return cls(segments, load_tree(targeted.tree), SendTo(targeted.send_to))

    def audience(self, people: Population) -> BitMap:
        """Return the ids of everyone who is meant."""
        return reduce(and_, (people.audience(node) for node in self.nodes(people)))

    def leaves(self, people: Population) -> Iterator[Filter]:
        """Give the filters whose bitmaps ``audience`` combines."""
        for node in self.nodes(people):
            yield from node.leaves(people)

    def nodes(self, people: Population) -> list[Node]:
        """Return the trees of which all must hold, the segments' as they are in this snapshot."""
        return [*(people.tree(segment.pk) for segment in self.segments), self.tree]

    def numbers(self, people: People) -> Numbers:
        """Count the audience, and how much of it each channel reaches under ``send_to``."""
        reaches = [
            Reach(channel, people.size(Intersection((self, channel.reaches[self.send_to]))))
            for channel in CHANNELS.values()
        ]
        return Numbers(people.size(EVERYONE), people.size(self), reaches)

    def summary(self, people: People) -> Summary:
        return Summary(self.numbers(people), list(self._stages(people)), people.sample(self))

    def sentence(self, catalogue: Catalogue) -> str:
        """Say the audience in words: segments by name, filters as a segment says them."""
        names = [_("“%(name)s”") % {"name": segment.name} for segment in self.segments]
        if not names:
            return self.tree.sentence(catalogue)
        words = {"segments": together(names)}
        words["inside"], words["outside"] = self.tree.words(catalogue)
        if words["inside"] and words["outside"]:
            form = _(
                "Everyone in %(segments)s for whom %(inside)s, except those for whom %(outside)s"
            )
        elif words["inside"]:
            form = _("Everyone in %(segments)s for whom %(inside)s")
        elif words["outside"]:
            form = _("Everyone in %(segments)s, except those for whom %(outside)s")
        else:
            form = _("Everyone in %(segments)s")
        return form % words

    def _stages(self, people: People) -> Iterator[Stage]:
        """Give each segment, the filters and the exclusions, with who is left after each."""
        left: Node = EVERYONE
        for segment in self.segments:
            members = people.tree(segment.pk)
            left = Intersection((left, members))
            yield Stage(segment.name, people.size(members), people.size(left), segment)
        if self.tree.groups:
            matching = Tree(self.tree.groups, self.tree.join)
            left = Intersection((left, matching))
            yield Stage(_("Additional filters"), people.size(matching), people.size(left))
        if self.tree.exclusions:
            excluded = Difference(EVERYONE, Tree(exclusions=self.tree.exclusions))
            left = Difference(left, excluded)
            yield Stage(_("Exclusion groups"), people.size(excluded), people.size(left))


def together(names: list[str]) -> str:
    """Join ``names``: “a, b and c”."""
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def numbers_of(workspace: Workspace, listed: Iterable[Targeted]) -> dict[UUID, Numbers]:
    """Return the numbers of each of ``listed``, all of one snapshot.

    Left out is what cannot be answered: because it names what is gone, or takes too long.
    """
    found: dict[UUID, Numbers] = {}
    with suppress(DatabaseError), people_of(workspace, within=PAGE_SECONDS) as people:
        targets = dict(_readable(listed))
        people.prepare([*targets.values(), *every_reach()])
        for pk, target in targets.items():
            with suppress(InvalidTree, DatabaseError):
                found[pk] = target.numbers(people)
    return found


def _readable(listed: Iterable[Targeted]) -> Iterator[tuple[UUID, Target]]:
    for targeted in listed:
        with suppress(InvalidTree):
            yield targeted.pk, Target.of(targeted)
