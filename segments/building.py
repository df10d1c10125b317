"""Building leaves that no page could wait for."""

from django.db import DatabaseError
from django.utils.translation import gettext_noop
from psycopg import errors

from segments import backlog
from segments.audiences import people_of
from segments.filters import InvalidTree, revive
from segments.models import LeafBuild

#: How long one leaf may take. Milliseconds.
TIMEOUT_MS = 120_000

#: Why a leaf could not be built. Kept in English, and translated where it is shown.
TOO_LONG = gettext_noop("a filter takes longer than two minutes to answer.")
NO_REGEX = gettext_noop("a regular expression cannot be read.")
GONE = gettext_noop("a filter names what no longer exists.")
OTHER = gettext_noop("the database could not answer a filter.")


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
        backlog.fail(asked, reason_of(error))
    else:
        asked.delete()


def reason_of(error: Exception) -> str:
    """Return the sentence for ``error``."""
    match error, error.__cause__:
        case InvalidTree(), _:
            return GONE
        case _, errors.QueryCanceled():
            return TOO_LONG
        case _, errors.InvalidRegularExpression():
            return NO_REGEX
        case _:
            return OTHER
