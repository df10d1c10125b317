"""How much may be known of one person: the size of all custom attributes together.

The database refuses what is larger, whoever writes it, by a trigger. So nobody who writes little
pays for the question. What was larger before may stay and shrink.
"""

import json
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext_noop as _

from lib.wording import Sentence

#: Of the attributes as PostgreSQL keeps them. The trigger names it too.
MOST_BYTES = 2**20
CONSTRAINT = "profile_custom_size"
TOO_LARGE = Sentence(
    _("All custom attributes of a user together may have at most %(most)s bytes."),
    most=MOST_BYTES,
)
#: PostgreSQL needs at most so many bytes for one of JSON: a short number in an array.
BYTES_FOR_ONE = 8


class TooLarge(ValueError):
    """A person would have more custom attributes than one may."""


def is_refusal(error: IntegrityError) -> bool:
    """Tell whether a statement failed because somebody would have too many attributes."""
    said = getattr(error.__cause__, "diag", None)
    return said is not None and said.constraint_name == CONSTRAINT


def fits(custom: dict[str, Any]) -> bool:
    """Tell whether a person may have the attributes ``custom``."""
    text = json.dumps(custom)
    if len(text) * BYTES_FOR_ONE <= MOST_BYTES:
        return True
    with connection.cursor() as cursor:
        cursor.execute("select pg_column_size(%s::jsonb)", [text])
        (size,) = cursor.fetchone() or (0,)
    return bool(size <= MOST_BYTES)
