"""Who works here: users, workspaces, the roles that join them, and the record of what they did."""

import uuid
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any, ClassVar, Self
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workspaces.sign_in_names import MOST_CHARACTERS, comparable


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone."), params={"name": name})


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def named(self, address: str) -> models.QuerySet["User"]:
        """The one user, if any, who signs in with ``address``, however it is spelled."""
        return self.filter(sign_in_name=comparable(address))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.named(username or "").get()


class User(AbstractUser):
    """A person who signs in with an e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    # What the address is compared by. None for a user of an earlier release whose address another
    # user has in another spelling: they cannot sign in until an operator gives them another one.
    sign_in_name = models.CharField(  # noqa: DJ001  see above
        max_length=MOST_CHARACTERS, unique=True, null=True, editable=False
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def clean(self) -> None:
        super().clean()
        name = comparable(self.email)
        if len(name) > MOST_CHARACTERS:
            raise ValidationError({"email": _("This address is too long.")})
        if self._others_named(name).exists():
            raise ValidationError({"email": _("Another user signs in with this address.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields is None or "email" in fields:
            name = comparable(self.email)
            is_taken = self.pk and self.sign_in_name is None and self._others_named(name).exists()
            self.sign_in_name = None if is_taken else name
            if fields is not None:
                kwargs["update_fields"] = {*fields, "sign_in_name"}
        super().save(*args, **kwargs)

    def _others_named(self, name: str) -> models.QuerySet["User"]:
        return User.objects.filter(sign_in_name=name).exclude(pk=self.pk)


class Workspace(models.Model):
    """What one company (or one of its brands) sees: its people, segments, messages and keys."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(_("address"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # Since when it is closed: a job deletes it.
    deleting_since = models.DateTimeField(_("being deleted since"), null=True, editable=False)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("workspace", args=[self.slug])


class Role(models.TextChoices):
    """What a member may do. Each role may do all that the ones before it may."""

    ANALYST = "analyst", _("Analyst")
    MARKETER = "marketer", _("Marketer")
    ADMIN = "admin", _("Admin")

    def reaches(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


class WorkspaceQuerySet[T: models.Model](models.QuerySet[T]):
    """Of rows that each belong to one workspace."""

    def in_workspace(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)


class MemberQuerySet(WorkspaceQuerySet["Member"]):
    def of(self, user: Any) -> Self:
        return self.filter(user=user).select_related("workspace").order_by("workspace__name", "pk")

    def admins(self) -> Self:
        return self.filter(role=Role.ADMIN)


class Member(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="members")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.ANALYST)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="one_membership_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    def may(self, role: Role) -> bool:
        return Role(self.role).reaches(role)

    @property
    def sees_personal_data(self) -> bool:
        return self.may(Role.MARKETER)


class InvitationQuerySet(WorkspaceQuerySet["Invitation"]):
    def live(self, now: datetime) -> Self:
        """Those that can be accepted: young enough, and sent by one who still is an admin."""
        sender = Member.objects.admins().filter(
            workspace=models.OuterRef("workspace"), user=models.OuterRef("invited_by")
        )
        return self.filter(models.Exists(sender), expires_at__gt=now)


class Invitation(models.Model):
    """A person who was asked into a workspace and has not accepted yet: one row at most for each.

    See ``workspaces.invitations``, which alone writes it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    # What the address is compared by.
    sign_in_name = models.CharField(max_length=MOST_CHARACTERS, editable=False)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.ANALYST)
    # The SHA-256 of the link's token, in hex.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sign_in_name"], name="one_invitation_per_person"
            )
        ]
        ordering = ["email", "pk"]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"

    def path(self, token: str) -> str:
        """The path of the link whose token is ``token``."""
        return reverse("invitation", args=[token])

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class AuditEntry(models.Model):
    """One line of the record: who did what to which thing. Rows are only ever added."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="audit_entries")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    # The address as it was, for the day when the user is gone.
    actor_email = models.EmailField(blank=True)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=255, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"], name="audit_by_time")]
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.actor_email} {self.action} {self.subject}"


class RateWindow(models.Model):
    """How much of a limit a workspace has used in the window that began at ``starts_at``.

    The table is unlogged and written by ``rest.rate_limits`` only.
    """

    pk = models.CompositePrimaryKey("workspace_id", "name")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=32)
    starts_at = models.DateTimeField()
    used = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.name}"


class RestApiKey(models.Model):
    """What a company's own programs call the REST API with. Never edited: made, used, deleted.

    The key itself is kept nowhere: ``lookup`` is how it begins, by which it is found, and
    ``digest`` its SHA-256 in hex. See ``workspaces.api_keys.keys``.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="rest_api_keys")
    name = models.CharField(_("name"), max_length=100)
    lookup = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    # What it may do, each as ``area.action``.
    permissions = ArrayField(models.CharField(max_length=64))
    # The addresses and networks that it may come from; none is any.
    allow_list = ArrayField(models.CharField(max_length=64), default=list)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_ip = models.GenericIPAddressField(null=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("api-key", args=[self.workspace.slug, self.pk])

    @property
    def identifier(self) -> str:
        """As much of the key as anyone may see."""
        return f"{self.lookup}-••••"

    @property
    def has_expired(self) -> bool:
        return not self.is_live(timezone.now())

    def is_live(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now

    def admits(self, address: str | None) -> bool:
        if not self.allow_list:
            return True
        return address is not None and any(
            ip_address(address) in ip_network(network) for network in self.allow_list
        )
