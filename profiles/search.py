"""Finding people by any of the names that they go by."""

from django.db.models import Q, QuerySet

from profiles.models import Profile
from workspaces.models import Workspace

MOST_FOUND = 25


def search(workspace: Workspace, text: str) -> QuerySet[Profile]:
    """Return the people known by ``text``: external ID, Braze ID, e-mail address, phone number,
    device ID, or alias as ``label:name``. All are matched whole; at most ``MOST_FOUND``.
    """
    if not text or "\0" in text:
        return Profile.objects.none()
    # A union of look-ups, each by its own index, where one OR would read the whole table.
    people = Profile.objects.in_workspace(workspace)
    found = people.filter(external_id=text).values("pk")
    for known in (
        Q(braze_id=text.lower()),
        ~Q(email="") & Q(email=text),
        ~Q(phone="") & Q(phone=text),
        Q(devices__device_id=text),
    ):
        found = found.union(people.filter(known).values("pk"))
    label, colon, name = text.partition(":")
    if colon:
        found = found.union(people.filter(aliases__label=label, aliases__name=name).values("pk"))
    matches = [row["pk"] for row in found[:MOST_FOUND]]
    return people.filter(pk__in=matches).prefetch_related("aliases", "devices").order_by("pk")
