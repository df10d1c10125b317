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
from typing import ClassVar, Self
from uuid import UUID

from django.db import DatabaseError
from django.utils.translation import gettext as _
from pyroaring import BitMap

from campaigns.models import Channel, SendTo, Targeted
from profiles.models import Profile, Subscription
from segments import fields
from segments.attributes import EMAIL_IS_AVAILABLE, AttributeFilter, EmailSubscription
from segments.audiences import People, people_of, sample
from segments.filters import Catalogue, InvalidTree, Label, Operator
from segments.models import Segment
from segments.tree import Group, Tree, load_tree
from workspaces.models import Workspace


class EmailPossible(AttributeFilter):
    """Whether mail to a person arrives, wanted or not. Not offered in the menu."""

    kind = "email_possible"
    column = "(email <> '' and email_hard_bounced_at is null and email_marked_spam_at is null)"
    operators: ClassVar[dict[str, Operator]] = {"true": Operator("", fields.nothing, "x")}


EMAIL_IS_OPTED_IN = EmailSubscription("", "is", (Subscription.OPTED_IN.value,))
EMAIL_IS_POSSIBLE = EmailPossible("", "true", ())

#: Whom each channel reaches, by the subscription setting. A webhook asks nothing of the person.
REACHABLE: dict[Channel, dict[SendTo, Tree]] = {
    Channel.EMAIL: {
        SendTo.SUBSCRIBED: Tree((Group((EMAIL_IS_AVAILABLE,)),)),
        SendTo.OPTED_IN: Tree((Group((EMAIL_IS_AVAILABLE, EMAIL_IS_OPTED_IN)),)),
        SendTo.EVERYONE: Tree((Group((EMAIL_IS_POSSIBLE,)),)),
    },
    Channel.WEBHOOK: dict.fromkeys(SendTo, Tree()),
}


@dataclass(frozen=True)
class Stage:
    """One narrowing: how many it holds for by itself, and how many of the audience are left."""

    label: Label
    size: int
    left: int
    segment: Segment | None = None


@dataclass(frozen=True)
class Reach:
    channel: Channel
    size: int


@dataclass(frozen=True)
class Numbers:
    """How many are meant, and how many of them each channel reaches."""

    everyone: int
    total: int
    reaches: list[Reach]

    @property
    def share(self) -> float:
        """The audience in percent of everyone."""
        return 100 * self.total / self.everyone if self.everyone else 0.0


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

    def audience(self, people: People) -> BitMap:
        """Return the ids of everyone who is meant."""
        return reduce(and_, (inside(s, people) for s in self.segments), self.tree.audience(people))

    def numbers(self, people: People) -> Numbers:
        """Count the audience, and whom each channel reaches under the subscription setting."""
        audience = self.audience(people)
        reaches = [
            Reach(channel, len(audience & REACHABLE[channel][self.send_to].audience(people)))
            for channel in Channel
        ]
        return Numbers(len(people.everyone()), len(audience), reaches)

    def summary(self, people: People) -> Summary:
        """Measure everything that the Audience Summary shows."""
        drawn = sample(self.audience(people))
        return Summary(self.numbers(people), list(self._stages(people)), drawn)

    def sentence(self, catalogue: Catalogue) -> str:
        """Say in words whom the target means, segments by name and filters as a segment does."""
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
        left = people.everyone()
        for segment in self.segments:
            members = inside(segment, people)
            left = left & members
            yield Stage(segment.name, len(members), len(left), segment)
        if self.tree.groups:
            matching = Tree(self.tree.groups, self.tree.join).audience(people)
            left = left & matching
            yield Stage(_("Additional filters"), len(matching), len(left))
        if self.tree.exclusions:
            excluded = people.everyone() - Tree(exclusions=self.tree.exclusions).audience(people)
            left = left - excluded
            yield Stage(_("Exclusion groups"), len(excluded), len(left))


def inside(segment: Segment, people: People) -> BitMap:
    """Return the ids of the people of a segment that is already at hand."""
    return load_tree(segment.tree).audience(people)


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
    with suppress(DatabaseError), people_of(workspace) as people:
        for targeted in listed:
            with suppress(InvalidTree):
                found[targeted.pk] = Target.of(targeted).numbers(people)
    return found
