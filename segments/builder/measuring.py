"""The numbers beside a builder, all of one snapshot: sizes, reach, preview, impact, user lookup."""

from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, OperationalError

from segments.audiences.backlog import reason_of
from segments.audiences.pending import pending_of
from segments.audiences.people import PAGE, People, people_of
from segments.builder.builder import Builder
from segments.builder.impact import impact_of
from segments.builder.lookup import Lookup, look_up
from segments.builder.reach import WAYS
from segments.filters.base import Catalogue, InvalidTree
from segments.models import Segment
from segments.trees.nodes import Intersection
from segments.trees.tree import Tree
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


def answered(segment: Segment, question: Question) -> dict[str, Any]:
    """Answer ``question`` about a stored segment alone: no bitmap is needed for one person."""
    with people_of(segment.workspace, within=PAGE) as people:
        try:
            tree = people.tree(segment.pk)
        except InvalidTree:
            return {"question": question, "lookup": Lookup(question.text, failed=True)}
        catalogue = Catalogue(segment.workspace, personal=question.personal)
        lookup = _looked_up(people, question, tree, catalogue)
        return {"question": question, "lookup": lookup}


def measured(
    builder: Builder, question: Question | None = None, *, changing: Segment | None = None
) -> dict[str, Any]:
    """Measure the tree of ``builder``: what a page shows beside it.

    ``question`` asks about one person, ``changing`` is the stored segment that the draft would
    change. No numbers but ``failed`` if a filter takes too long or names what is gone, and its
    ``reason`` if the database has another one.
    """
    asked = question or Question()
    try:
        with people_of(builder.workspace, within=PAGE) as people:
            people.prepare([*builder.nodes(), *(way.reaches for way in WAYS.values())])
            builder.measure(people)
            numbers = _numbers(builder, people)
            if changing is not None:
                numbers["impact"] = impact_of(people, changing, builder.tree)
            numbers["lookup"] = _looked_up(people, asked, builder.tree, builder.catalogue)
            return numbers | {"pending": pending_of(people), "question": asked}
    except (DatabaseError, InvalidTree) as error:
        return {"failed": True, "reason": _reason_of(error), "question": asked}


def _reason_of(error: Exception) -> str:
    """Say what the database has against a filter, unless that it takes too long."""
    known = isinstance(error, DatabaseError) and not isinstance(error, OperationalError)
    return reason_of(error) if known else ""


def _looked_up(
    people: People, question: Question, tree: Tree, catalogue: Catalogue
) -> Lookup | None:
    if not question.text:
        return None
    return look_up(people, question.text, tree, catalogue, personal=question.personal)


def _numbers(builder: Builder, people: People) -> dict[str, Any]:
    return {
        "size": builder.size,
        "reaches": [
            (way, people.size(Intersection((builder.tree, way.reaches)))) for way in WAYS.values()
        ],
        "sample": people.sample(builder.tree),
    }
