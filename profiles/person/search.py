"""Finding people by any of the names that they go by."""

from lib.statements import Statements
from profiles.models import Profile, ProfileQuerySet
from workspaces.models import Workspace

statements = Statements.beside(__file__)
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
    matches = statements.rows(
        "known_by",
        workspace=workspace.pk,
        text=text,
        most=MOST_FOUND,
        personal=personal,
        label=label if colon else None,
        name=name,
    )
    return (
        Profile.objects.in_workspace(workspace)
        .filter(pk__in=[pk for (pk,) in matches])
        .order_by("pk")
    )
