"""On a person's page: the segments that they are in, and why not in the others."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils.translation import gettext as _

from profiles.models import Profile
from profiles.person.panels import Panel, register
from segments.audiences.people import PAGE, NotReady, People, people_of
from segments.builder.lookup import Explainer
from segments.filters.base import Catalogue, InvalidTree
from segments.models import Segment
from segments.trees.tree import Tree
from workspaces.access import WorkspaceRequest

#: Seconds that all segments may take together: longer than one question, as they are hundreds, and
#: there is no estimate to show instead.
SEGMENTS_TIME = 0.5


@dataclass(frozen=True)
class Membership:
    """Whether a person is in ``segment``, and if not, why; None where that cannot be told."""

    segment: Segment
    inside: bool | None
    reasons: list[str]


@register
def segments_of(request: WorkspaceRequest, person: Profile) -> Panel:
    """List every active segment, those that hold for the person first."""
    segments = list(Segment.objects.in_workspace(request.workspace).active().defer("tree"))
    personal = request.member.sees_personal_data
    catalogue = Catalogue(request.workspace, personal=personal)
    with people_of(request.workspace, within=PAGE) as people:
        trees = dict(_trees(people, segments))
        explainer = Explainer(people, person, catalogue, personal, SEGMENTS_TIME, seeing=False)
        explainer.people.prepare(trees.values())
        rows = [_asked(explainer, segment, trees.get(segment)) for segment in segments]
    rows.sort(key=lambda row: not row.inside)
    return Panel(_("Segments"), "segments/parts/person_segments.html", {"memberships": rows})


def _trees(people: People, segments: list[Segment]) -> Iterator[tuple[Segment, Tree]]:
    for segment in segments:
        with suppress(InvalidTree):
            yield segment, people.tree(segment.pk)


def _asked(explainer: Explainer, segment: Segment, tree: Tree | None) -> Membership:
    try:
        reasons = explainer.reasons(tree) if tree else None
    except (InvalidTree, NotReady, DatabaseError):
        reasons = None
    return Membership(segment, None if reasons is None else not reasons, reasons or [])
