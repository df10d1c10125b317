"""Campaigns and Canvases, each with its audience."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.channels.base import CHANNELS, Channel, SendTo, channel_choices
from segments.models import Segment
from workspaces.models import User, Workspace, WorkspaceQuerySet


class TargetedQuerySet[T: "Targeted"](WorkspaceQuerySet[T]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)


class Targeted(models.Model):
    """What a campaign and a Canvas share: a name, and the Target Audiences step.

    The audience is every profile that is in all of ``segments`` and for which ``tree`` (the
    additional filters and exclusions) holds. See ``campaigns.targeting``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    tree = models.JSONField(default=dict, blank=True)
    send_to = models.CharField(
        _("send to"), max_length=10, choices=SendTo, default=SendTo.SUBSCRIBED
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    segments = models.ManyToManyField(Segment, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    #: The fields that hold trees, each by the prefix of the builder that edits it.
    trees: ClassVar[dict[str, str]] = {"tree": "tree"}

    objects = TargetedQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-updated_at", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self._page_url("")

    @property
    def edit_url(self) -> str:
        return self._page_url("-edit")

    @property
    def audience_url(self) -> str:
        return self._page_url("-audience")

    @property
    def archive_url(self) -> str:
        return self._page_url("-archive")

    def _page_url(self, page: str) -> str:
        name = f"{self._meta.model_name}{page}"
        return reverse(name, args=[self.workspace.slug, self.pk])

    @property
    def is_targeted(self) -> bool:
        """Tell whether an audience was chosen: until then everyone is meant."""
        return bool(self.segments.all() or self.tree.get("groups") or self.tree.get("exclusions"))

    def archive(self) -> bool:
        """Return False if it was archived already."""
        rows = type(self)._default_manager.filter(pk=self.pk, archived_at=None)
        return bool(rows.update(archived_at=timezone.now()))

    def unarchive(self) -> bool:
        """Make it a draft again. Return False if it was no longer archived."""
        rows = type(self)._default_manager.filter(pk=self.pk, archived_at__isnull=False)
        return bool(rows.update(archived_at=None))


class Campaign(Targeted):
    """One message on one channel. A draft until sending comes."""

    channel = models.CharField(_("channel"), max_length=8, choices=channel_choices, default="email")
    # The draft: what its channel's form asks for, e.g. {"subject": ..., "body": ...}.
    message = models.JSONField(default=dict, blank=True)

    class Meta(Targeted.Meta):
        default_related_name = "campaigns"

    @property
    def via(self) -> Channel:
        """The channel itself, of which ``channel`` is the key."""
        return CHANNELS[self.channel]


class EntryType(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    ACTION = "action", _("Action-based")
    API = "api", _("API-triggered")


class Repeats(models.TextChoices):
    ONCE = "once", _("Once")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")


class Trigger(models.TextChoices):
    """What a user does to enter. The list follows Braze's."""

    CUSTOM_EVENT = "custom_event", _("Performs custom event")
    PURCHASE = "purchase", _("Makes purchase")
    SESSION = "session", _("Starts session")
    EMAIL_ADDED = "email_added", _("Adds an email address")
    ATTRIBUTE = "attribute", _("Changes custom attribute value")
    SUBSCRIPTION = "subscription", _("Updates subscription status")


class Canvas(Targeted):
    """A journey: who enters it, when, and what takes them out."""

    # The entry type and what its form asks for: see ``campaigns.entries``. Times are those of the
    # wall clock in the workspace's time zone, e.g. {"type": "scheduled", "starts_at":
    # "2026-12-01T09:00", "repeats": "daily", "ends_on": ""}.
    entry = models.JSONField(default=dict, blank=True)
    # Another tree: a profile for which it holds leaves the Canvas.
    exit_tree = models.JSONField(default=dict, blank=True)

    trees: ClassVar[dict[str, str]] = {"tree": "tree", "exit": "exit_tree"}

    class Meta(Targeted.Meta):
        default_related_name = "canvases"

    @property
    def entry_label(self) -> str:
        return str(EntryType(self.entry["type"]).label) if self.entry else ""
