"""The days and moments that the portal takes, and how those are shown that it took before.

At the ends of the calendar a moment of one time zone is none of another: the zero time of Go and
.NET, ``0001-01-01T00:00:00Z``, is not to be said in New York. So no door takes a year outside of
``FIRST_YEAR`` to ``LAST_YEAR``.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

FIRST_YEAR = 1900
LAST_YEAR = 2200


def is_taken(day: date) -> bool:
    """Tell whether the portal takes ``day``, or the moment ``day``, of which the year counts in the
    time zone that it is in.
    """
    return FIRST_YEAR <= day.year <= LAST_YEAR


def validate_day(day: date) -> None:
    """Refuse what ``is_taken`` refuses: a validator for the fields of forms."""
    if not is_taken(day):
        raise ValidationError(
            _("Enter a date of the years %(first)s to %(last)s."),
            params={"first": FIRST_YEAR, "last": LAST_YEAR},
        )


class Zone(ZoneInfo):
    """A time zone in which every moment can be shown: one at the ends of the calendar as in UTC."""

    def fromutc(self, moment: datetime, /) -> datetime:
        try:
            return super().fromutc(moment)
        except OverflowError:
            return moment
