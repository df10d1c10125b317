"""Segments, and the bitmaps from which their sizes are read."""

import uuid
from typing import Self

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from workspaces.models import User, Workspace


def split_tags(text: str) -> list[str]:
    """Split what was typed into a tags field at commas; order kept, repeats dropped."""
    return list(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))


class SegmentQuerySet(models.QuerySet["Segment"]):
    def in_workspace(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)


class Segment(models.Model):
    """A question about people, asked anew whenever its answer is needed. See ``segments.tree``."""

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


class LeafBitmap(models.Model):
    """The people for whom one filter holds, as of a snapshot. See ``segments.bitmaps``."""

    fingerprint = models.CharField(primary_key=True, max_length=64)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    # Transaction ids mean nothing in another cluster: there the bitmap is built anew.
    system_identifier = models.BigIntegerField()
    bitmap = models.BinaryField()
    snapshot = models.TextField()
    # For a filter that drifts with time, the minute for which it was answered.
    minute = models.DateTimeField(null=True)
    stored_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.fingerprint
