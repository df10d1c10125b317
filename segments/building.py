"""Building leaves that no page could wait for."""

from django.db import DatabaseError

from segments import backlog
from segments.audiences import people_of
from segments.filters import InvalidTree, revive
from segments.models import LeafBuild

#: How long one leaf may take. Milliseconds.
TIMEOUT_MS = 120_000


def build(fingerprint: str) -> None:
    """Build the leaf that was asked for, or write down why it cannot be built.

    Nothing happens when somebody else built it meanwhile.
    """
    asked = LeafBuild.objects.select_related("workspace").filter(pk=fingerprint).first()
    if asked is None:
        return
    try:
        with people_of(asked.workspace, timeout_ms=TIMEOUT_MS) as people:
            people.leaf(revive(asked.leaf))
    except (DatabaseError, InvalidTree) as error:
        backlog.fail(asked, str(error).partition("\n")[0])
    else:
        asked.delete()
