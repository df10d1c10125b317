"""What a workspace may use at once, and in a time, with what it uses now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workspaces import slots
from workspaces.models import RateWindow, Workspace

KINDS = {
    "imports": _("CSV imports and their checks"),
    "exports": _("Exports of segments"),
    "leaves": _("Filters that are being counted"),
    "callbacks": _("Calls that tell of a finished export"),
    "sizes": _("Daily sizes of segments"),
}
CALLS = {
    "partners": _("Calls of partners"),
    "default": _("Other calls of the REST API"),
    "track": "/users/track",
    "track_bulk": "/users/track/bulk",
    "identities": _("Identify, aliases, merge, delete"),
    "external_ids": _("Rename and remove external IDs"),
    "export_ids": "/users/export/ids",
    "export_ids_fields": _("/users/export/ids with large fields"),
    "names": _("Lists of events, products and attributes"),
    "campaign_series": "/campaigns/data_series",
}


@dataclass(frozen=True)
class Share:
    """A kind of jobs: ``most`` are done at once, ``doing`` are being done, ``waiting`` wait."""

    label: Any
    most: int
    doing: int
    waiting: int


@dataclass(frozen=True)
class Allowed:
    """A kind of calls: ``most`` in ``seconds``, of which ``used`` are spent."""

    label: Any
    most: int
    seconds: int
    used: int


def shares(workspace: Workspace) -> list[Share]:
    used = slots.used(workspace.pk)
    return [
        Share(KINDS[kind], most, *used.get(kind, (0, 0)))
        for kind, most in settings.JOB_SLOTS.items()
    ]


def calls(workspace: Workspace) -> Iterator[Allowed]:
    now = timezone.now()
    windows = {each.name: each for each in RateWindow.objects.filter(workspace=workspace)}
    for name, (most, seconds) in settings.RATE_LIMITS.items():
        window = windows.get(name)
        is_over = window is None or not (
            window.starts_at <= now < window.starts_at + timedelta(seconds=seconds)
        )
        yield Allowed(CALLS[name], most, seconds, 0 if is_over or not window else window.used)
