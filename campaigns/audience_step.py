"""The Target Audiences step, the same for a campaign and a Canvas."""

from contextlib import suppress

from django.db import DatabaseError
from django.http import QueryDict

from campaigns.channels.base import every_reach
from campaigns.editing import save_targeting
from campaigns.forms import TargetingForm
from campaigns.models import Targeted
from campaigns.targeting import Summary, Target
from segments.audiences.patience import PAGE_SECONDS
from segments.audiences.pending import Pending, pending_of
from segments.audiences.people import People, people_of
from segments.builder.builder import Builder
from segments.builder.lookup import Lookup, look_up
from segments.builder.measuring import Question
from segments.filters.base import InvalidTree
from segments.models import Segment
from segments.trees.membership import SegmentMembership
from segments.trees.tree import Group
from workspaces.models import User


class AudienceStep:
    """The step's form and builders as they stand on the page, and the numbers beside them.

    ``action`` is the button that was pressed, if it was one of a builder's; ``question`` asks about
    one person.
    """

    def __init__(
        self,
        targeted: Targeted,
        *,
        data: QueryDict | None,
        action: str = "",
        question: Question | None = None,
    ) -> None:
        self.targeted = targeted
        self.question = question or Question()
        self.lookup: Lookup | None = None
        self.pending = Pending()
        self.form = TargetingForm(data, targeted=targeted)
        self.builders = {
            prefix: Builder(
                targeted.workspace,
                getattr(targeted, field),
                data=data,
                prefix=prefix,
                personal=self.question.personal,
            )
            for prefix, field in targeted.trees.items()
        }
        self.summary: Summary | None = None
        self.acted = any(builder.act(action) for builder in self.builders.values())

    def is_valid(self) -> bool:
        """Judge the form and every builder, so that the page shows all that is missing."""
        return all([self.form.is_valid(), *(b.is_valid() for b in self.builders.values())])

    def save(self, *, by: User) -> None:
        trees = {
            self.targeted.trees[prefix]: builder.tree.dump()
            for prefix, builder in self.builders.items()
        }
        save_targeting(
            self.targeted,
            segments=self.form.chosen,
            send_to=self.form.chosen_send_to,
            trees=trees,
            by=by,
        )

    @property
    def incomplete(self) -> int:
        return sum(builder.incomplete for builder in self.builders.values())

    @property
    def checked(self) -> bool:
        return any(builder.checked for builder in self.builders.values())

    @property
    def tree(self) -> Builder:
        return self.builders["tree"]

    @property
    def exit(self) -> Builder | None:
        return self.builders.get("exit")

    @property
    def archived(self) -> list[Segment]:
        """The chosen segments that were archived since."""
        return [segment for segment in self.form.chosen if segment.archived_at]

    @property
    def target(self) -> Target:
        """Whom the page means; as it is stored until something is posted."""
        if not self.form.is_bound:
            return Target.of(self.targeted)
        return Target(self.form.chosen, self.tree.tree, self.form.chosen_send_to)

    @property
    def sentence(self) -> str:
        """Say the audience on the page in words, as far as it can be read."""
        draft = Target(self.form.chosen, self.tree.tree, self.form.chosen_send_to)
        return draft.sentence(self.tree.catalogue)

    def measure(self) -> None:
        """Put every number beside what it belongs to, all of one snapshot.

        There is no ``summary`` if a filter takes too long or names what is gone.
        """
        with (
            suppress(DatabaseError, InvalidTree),
            people_of(self.targeted.workspace, within=PAGE_SECONDS) as people,
        ):
            target = self.target
            nodes = [node for builder in self.builders.values() for node in builder.nodes()]
            people.prepare([*nodes, target, *every_reach()])
            for builder in self.builders.values():
                builder.measure(people)
            summary = target.summary(people)
            self.lookup = self._looked_up(people)
            self.pending = pending_of(people)
            self.summary = summary

    def _looked_up(self, people: People) -> Lookup | None:
        if not self.question.text:
            return None
        chosen = (SegmentMembership("", "includes_any", (str(s.pk),)) for s in self.form.chosen)
        segments = Group(tuple(chosen))
        return look_up(
            people,
            self.question.text,
            self.tree.tree,
            self.tree.catalogue,
            personal=self.question.personal,
            also=(segments,) if segments.filters else (),
        )
