"""Making a workspace for whoever names one on the command line."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from workspaces.models import Workspace


def open_workspace(slug: str) -> Workspace:
    """Return the workspace at the address ``slug``, making it if there is none.

    Raises ``ValidationError`` for what cannot be an address.
    """
    if len(slug) > 50:
        raise ValidationError("A workspace's address has at most 50 characters.")
    validate_slug(slug)
    workspace, _ = Workspace.objects.get_or_create(
        slug=slug, defaults={"name": slug.replace("-", " ").title()}
    )
    return workspace
