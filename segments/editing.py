"""Saving, copying and archiving segments, each on record."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from segments.builder.checking import checked_tree
from segments.filters.catalogue import Catalogue
from segments.models import Segment, SegmentVersion
from segments.sizes.daily import ask_to_record
from segments.trees.nesting import check_nesting, named_segments
from segments.trees.tree import Tree, stored_filters
from segments.versions import record_version
from workspaces import audit
from workspaces.models import User, Workspace


@transaction.atomic
def save_segment(segment: Segment, tree: Tree, *, by: User) -> None:
    """Store ``segment`` with ``tree``.

    Raises ``ValidationError`` if it would contain itself or nest segments too deep, or another
    segment has its name by now.
    """
    one_at_a_time(segment.workspace)
    segment.validate_constraints()
    check_nesting(segment, tree)
    is_new = segment._state.adding
    segment.tree = tree.dump()
    segment.updated_by = by
    if is_new:
        segment.created_by = by
    segment.save()
    segment.nested.set(Segment.objects.filter(pk__in=named_segments(tree)))
    record_version(segment, by=by)
    ask_to_record(segment.workspace, segment)
    audit.record(
        segment.workspace,
        by,
        "Added Segment" if is_new else "Edited Segment",
        segment,
        id=str(segment.pk),
    )


def one_at_a_time(workspace: Workspace) -> None:
    """Have others who edit segments of ``workspace`` wait for the end of the transaction.

    Two edits, each harmless, could close a circle together, or take the same name.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


@transaction.atomic
def duplicate_segment(segment: Segment, *, by: User) -> Segment:
    """Store a copy of ``segment`` under a name of its own and return it."""
    one_at_a_time(segment.workspace)
    copy = Segment.objects.create(
        workspace=segment.workspace,
        name=free_name(segment),
        description=segment.description,
        tags=segment.tags,
        tree=segment.tree,
        created_by=by,
        updated_by=by,
    )
    copy.nested.set(segment.nested.all())
    record_version(copy, by=by)
    ask_to_record(copy.workspace, copy)
    audit.record(segment.workspace, by, "Added Segment", copy, copied_from=segment.name)
    return copy


def restore_version(version: SegmentVersion, *, by: User) -> None:
    """Save the segment of ``version`` as it was then, as a new version.

    Raises ``ValidationError`` as ``save_segment`` does, and ``InvalidTree`` if it names what no
    longer exists: an exclusion of what is gone would exclude nobody.
    """
    segment = version.segment
    kept = Catalogue(segment.workspace, stored_filters(segment.tree))
    tree = checked_tree(kept, version.tree)
    segment.name, segment.description = version.name, version.description
    segment.tags = version.tags
    save_segment(segment, tree, by=by)


def free_name(segment: Segment) -> str:
    """Return “Copy of …”, with a number if that is taken."""
    name = _("Copy of %(name)s") % {"name": segment.name}
    taken = set(Segment.objects.in_workspace(segment.workspace).values_list("name", flat=True))
    for number in range(1, len(taken) + 2):
        suffix = f" ({number})" if number > 1 else ""
        candidate = name[: 200 - len(suffix)] + suffix
        if candidate not in taken:
            return candidate
    raise AssertionError("more names are taken than there are")


@transaction.atomic
def archive_segment(segment: Segment, *, by: User) -> None:
    """Put ``segment`` away. What uses it goes on as before."""
    if Segment.objects.active().filter(pk=segment.pk).update(archived_at=timezone.now()):
        audit.record(segment.workspace, by, "Archived Segment", segment, id=str(segment.pk))


@transaction.atomic
def unarchive_segment(segment: Segment, *, by: User) -> None:
    """Bring ``segment`` back, under another name if its own was taken meanwhile."""
    one_at_a_time(segment.workspace)
    others = Segment.objects.in_workspace(segment.workspace).active()
    if others.filter(name=segment.name).exists():
        segment.name = free_name(segment)
    restored = Segment.objects.archived().filter(pk=segment.pk)
    if restored.update(archived_at=None, name=segment.name):
        audit.record(segment.workspace, by, "Unarchived Segment", segment, id=str(segment.pk))
