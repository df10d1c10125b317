"""Finding people by any of the names that they go by."""

from pathlib import Path
from typing import Any

from django.db import connection

from lib import statements
from profiles.models import Profile, ProfileQuerySet
from workspaces.models import Workspace

STATEMENTS = statements.load(Path(__file__).with_name("search.sql"))
MOST_FOUND = 25


def search(workspace: Workspace, text: str, *, personal: bool = True) -> ProfileQuerySet:
    """Return the people known by ``text``: external ID, Braze ID, e-mail address, phone number,
    device ID, or alias as ``label:name``. All are matched whole, an address in any case; at most
    ``MOST_FOUND``. Without ``personal``, nobody is found by an e-mail address or a phone number.
    """
    if not text or "\0" in text:
        return Profile.objects.none()
    # Text without a colon names no alias: null equals nothing.
    label, colon, name = text.partition(":")
    values: dict[str, Any] = {"workspace": workspace.pk, "text": text, "most": MOST_FOUND}
    values["personal"] = personal
    values |= {"label": label if colon else None, "name": name}
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS["known_by"], values)
        matches = [pk for (pk,) in cursor.fetchall()]
    return Profile.objects.in_workspace(workspace).filter(pk__in=matches).order_by("pk")
