"""The numbers beside a builder, all of one snapshot: sizes, reach, preview, impact, user lookup."""

from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from segments.attributes import EMAIL_IS_AVAILABLE
from segments.audiences import PAGE, People, people_of
from segments.builder import Builder
from segments.filters import InvalidTree
from segments.impact import impact_of
from segments.lookup import Lookup, look_up
from segments.models import Segment
from segments.nodes import Intersection
from segments.pending import pending_of
from workspaces.access import WorkspaceRequest


@dataclass(frozen=True)
class Question:
    """Whom to look up, and whether the reader sees personal data."""

    text: str = ""
    personal: bool = False

    @classmethod
    def of(cls, request: WorkspaceRequest) -> "Question":
        """Read what was typed into the user lookup of a page."""
        text = request.POST.get("user") or request.GET.get("user") or ""
        return cls(text.strip(), request.member.sees_personal_data)


def answered(builder: Builder, question: Question) -> dict[str, Any]:
    """Answer ``question`` alone: no bitmap is needed for one person."""
    with people_of(builder.workspace, within=PAGE) as people:
        return {"question": question, "lookup": _looked_up(builder, people, question)}


def measured(
    builder: Builder, question: Question | None = None, *, changing: Segment | None = None
) -> dict[str, Any]:
    """Measure the tree of ``builder``: what a page shows beside it.

    ``question`` asks about one person, ``changing`` is the stored segment that the draft would
    change. No numbers but ``failed`` if a filter takes too long or names what is gone.
    """
    asked = question or Question()
    try:
        with people_of(builder.workspace, within=PAGE) as people:
            people.prepare([*builder.nodes(), EMAIL_IS_AVAILABLE])
            builder.measure(people)
            numbers = _numbers(builder, people)
            if changing is not None:
                numbers["impact"] = impact_of(people, changing, builder.tree)
            numbers["lookup"] = _looked_up(builder, people, asked)
            return numbers | {"pending": pending_of(people), "question": asked}
    except (DatabaseError, InvalidTree):
        return {"failed": True, "question": asked}


def _looked_up(builder: Builder, people: People, question: Question) -> Lookup | None:
    if not question.text:
        return None
    tree, catalogue, personal = builder.tree, builder.catalogue, question.personal
    return look_up(people, question.text, tree, catalogue, personal=personal)


def _numbers(builder: Builder, people: People) -> dict[str, Any]:
    reachable = Intersection((builder.tree, EMAIL_IS_AVAILABLE))
    return {
        "size": builder.size,
        "by_email": people.size(reachable),
        "sample": people.sample(builder.tree),
    }
