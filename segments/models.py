"""Segments, and the bitmaps from which their sizes are read."""

import uuid
from datetime import timedelta
from typing import Self

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from profiles.changes import ChangedField
from profiles.models import Profile
from workspaces.models import User, Workspace, WorkspaceQuerySet


def split_tags(text: str) -> list[str]:
    """Split what was typed into a tags field at commas; order kept, repeats dropped."""
    return list(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))


#: How deep segments may nest each other, the outermost counted.
MOST_NESTED = 20


class SegmentQuerySet(WorkspaceQuerySet["Segment"]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)


class Segment(models.Model):
    """A question about people, asked anew whenever its answer is needed. See ``trees.tree``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    tree = models.JSONField(default=dict, blank=True)
    # The segments that the tree names, kept by ``save_tree``: for "where used" and cycles.
    nested = models.ManyToManyField("self", symmetrical=False, related_name="used_in", blank=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = SegmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=models.Q(archived_at=None),
                name="segment_name",
                violation_error_message=_("Another segment has this name."),
            )
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("segment", args=[self.workspace.slug, self.pk])


class SegmentVersion(models.Model):
    """A segment as it was saved. The newest version is the segment as it stands."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=list, blank=True)
    tree = models.JSONField(default=dict, blank=True)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-saved_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name}, {self.saved_at:%Y-%m-%d %H:%M}"


class SegmentSize(models.Model):
    """How large a segment was on a day, and how many entered and left since the day before.

    ``members`` is the bitmap of those who were in: what the next day is compared with. Only the
    newest two days keep theirs.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="daily_sizes")
    day = models.DateField()
    size = models.PositiveBigIntegerField()
    entered = models.PositiveBigIntegerField(default=0)
    left = models.PositiveBigIntegerField(default=0)
    members = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="size_of_a_day")]
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.size}"


class UserList(models.Model):
    """A fixed list of people: from a CSV file, or a segment frozen as it was.

    ``rows`` of the file is the sum of the four counts after it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="user_lists")
    name = models.CharField(_("name"), max_length=200)
    # The segment that was frozen; null for a file.
    segment = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="+")
    rows = models.PositiveBigIntegerField(default=0)
    added = models.PositiveBigIntegerField(default=0)
    repeated = models.PositiveBigIntegerField(default=0)
    unmatched = models.PositiveBigIntegerField(default=0)
    invalid = models.PositiveBigIntegerField(default=0)
    unmatched_sample = models.JSONField(default=list)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                name="user_list_name",
                violation_error_message=_("Another list has this name."),
            ),
            models.CheckConstraint(
                condition=models.Q(
                    rows=models.F("added")
                    + models.F("repeated")
                    + models.F("unmatched")
                    + models.F("invalid")
                ),
                name="user_list_receipt_adds_up",
            ),
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("user-list", args=[self.workspace.slug, self.pk])


class UserListMember(models.Model):
    pk = models.CompositePrimaryKey("user_list_id", "profile_id")
    user_list = models.ForeignKey(
        UserList, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    changed = ChangedField()

    class Meta:
        indexes = [models.Index(fields=["user_list", "changed"], name="list_member_changed")]

    def __str__(self) -> str:
        return f"{self.user_list_id}:{self.profile_id}"


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Export(models.Model):
    """A file with the people of a segment, made by a job and kept until ``expires_at``."""

    #: How its file ends, and how long that is kept; for as long the row says why there is none.
    extension: str
    kept: timedelta

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    segment: models.ForeignKey[Segment, Segment]
    requested_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.WAITING)
    total = models.PositiveBigIntegerField(null=True)
    written = models.PositiveBigIntegerField(default=0)
    reason = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-requested_at"]

    def __str__(self) -> str:
        return str(self.pk)


class SegmentExport(Export):
    """A CSV file that a member asked for."""

    extension = "csv"
    kept = timedelta(hours=24)

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="exports")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    columns = models.JSONField(default=list)


class ExportFormat(models.TextChoices):
    ZIP = "zip"
    GZIP = "gzip"


class UserExport(Export):
    """User objects, as JSON a line, that a caller of the REST API asked for."""

    kept = timedelta(hours=4)

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="user_exports")
    fields = models.JSONField()
    # The names of some custom attributes; null is as ``fields`` says.
    custom_attributes = models.JSONField(null=True)
    output_format = models.CharField(max_length=4, choices=ExportFormat, default=ExportFormat.ZIP)
    callback_endpoint = models.URLField(max_length=2000, blank=True)
    # Under what address the caller knows us.
    origin = models.TextField()

    class Meta(Export.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["segment"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="one_user_export_at_a_time",
            )
        ]

    @property
    def extension(self) -> str:  # type: ignore[override]
        return "zip" if self.output_format == ExportFormat.ZIP else "gz"

    @property
    def object_prefix(self) -> str:
        """How the names of the files within begin."""
        return f"{self.pk}-{int(self.requested_at.timestamp())}"


class LeafBitmap(models.Model):
    """The people for whom one filter holds, as of a snapshot. See ``audiences.bitmaps``."""

    fingerprint = models.CharField(primary_key=True, max_length=64)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    # The cluster, database and table in which it was written. A dump takes rows to where
    # transaction ids mean something else: there the bitmap is built anew.
    home = models.CharField(max_length=64)
    # The filter, as ``Filter.dump`` writes it: the self-check asks it again.
    leaf = models.JSONField()
    # As it was when it was last written whole, which ``whole`` names; and the people of whom it
    # says the opposite of what is true: they are few, and written anew without it.
    whole = models.UUIDField()
    bitmap = models.BinaryField()
    drift = models.BinaryField(null=True)
    snapshot = models.TextField()
    moment = models.DateTimeField()
    # For a filter that drifts with time: until when its ``restless`` are known, and who they are:
    # those whose answer may flip by then.
    until = models.DateTimeField(null=True)
    restless = models.BinaryField(null=True)
    restless_drift = models.BinaryField(null=True)
    stored_at = models.DateTimeField()
    used_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["used_at"], name="leaf_bitmap_used")]

    def __str__(self) -> str:
        return self.fingerprint


class WrongBitmap(models.Model):
    """What the self-check found of a stored bitmap that was not as plain SQL says.

    ``stored`` and ``true`` are sizes. ``missing`` and ``surplus`` say how many people it lacked and
    had too many; ``asleep`` of how many it did not know that time may change their answer.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    found_at = models.DateTimeField(auto_now_add=True)
    stored = models.PositiveBigIntegerField()
    true = models.PositiveBigIntegerField()
    missing = models.PositiveBigIntegerField()
    surplus = models.PositiveBigIntegerField()
    asleep = models.PositiveBigIntegerField()

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.fingerprint


class DatabaseLife(models.Model):
    """The token of the database's present life: one row, or none. See ``audiences.life``.

    The table is unlogged: PostgreSQL empties it whenever it goes back to an earlier moment.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    token = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return str(self.token)


class LeafBuild(models.Model):
    """A filter whose bitmap a job is building, because a page could not wait for it.

    ``reason`` says why the last attempt failed; it is tried again at ``next_try``.
    """

    fingerprint = models.CharField(primary_key=True, max_length=64)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    leaf = models.JSONField()
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)
    next_try = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.fingerprint
