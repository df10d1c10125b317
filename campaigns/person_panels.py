"""On a person's page: the messages that they received."""

from django.utils.translation import gettext as _

from profiles.models import Profile
from profiles.person.panels import Panel, register
from workspaces.access import WorkspaceRequest


@register
def messages_of(request: WorkspaceRequest, person: Profile) -> Panel:
    """Say that nobody receives messages yet: campaigns and Canvases are drafts."""
    return Panel(_("Messages received"), "campaigns/parts/person_messages.html")
