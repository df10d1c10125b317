"""The standard attributes: one list, which tells everything that differs from one to the other.

From it come the cleaning of values, the columns of a CSV file, the page and the form of a person,
what the REST API documents, what a merge takes over and what is exported. Names are those of
Braze's user attributes object: case-sensitive, in lower case. ``track/writing.sql`` and
``csv_import/merge.sql`` name the columns themselves; a test compares them with the list.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from lib.calendar import is_taken
from lib.wording import Sentence
from profiles.attributes import DAY, InvalidAttribute, is_storable, parse_time
from profiles.models import Gender, Profile, Subscription

#: Of an e-mail address, in characters.
EMAIL_LENGTH = 320
TIME_ZONES = frozenset(available_timezones())
_UNKNOWN = Profile()


class Holds(Enum):
    """What the values of an attribute are."""

    TEXT = auto()
    DAY = auto()
    MOMENT = auto()


class Shown(Enum):
    """Where an attribute stands on the pages of a person."""

    #: With what tells who a person is or reaches them: not every member sees it.
    PERSONAL = auto()
    PLAIN = auto()
    #: In the form alone: the page shows it among the subscriptions.
    IN_FORM = auto()
    NOWHERE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A standard attribute. ``clean`` returns a value as ``column`` keeps it, or raises
    ``ValueError``.
    """

    name: str
    label: Any
    clean: Callable[[Any], Any]
    #: The column of ``Profile``: by default called like the attribute.
    column: str = ""
    holds: Holds = Holds.TEXT
    #: The values of a text that is one of a few.
    choices: type[TextChoices] | None = None
    #: Whether null empties it.
    empties: bool = True
    shown: Shown = Shown.NOWHERE
    #: What the form calls it, if not by ``label``, and the longest text that it takes.
    label_in_form: Any = None
    most_in_form: int | None = None
    #: The column that tells since when the value is as it is.
    since_column: str | None = None
    #: Known of the e-mail address, not of the person: a merge takes it over with the address.
    is_of_address: bool = False
    #: Whether Braze's user object has it.
    is_exported: bool = True
    #: Other names of a column in a CSV file, as exports write them.
    synonyms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", self.column or self.name)

    @property
    def empty(self) -> Any:
        """What the column holds where nothing is known."""
        return getattr(_UNKNOWN, self.column)


def _text(length: int) -> Callable[[Any], str]:
    def cleaned(value: Any) -> str:
        if not isinstance(value, str) or len(value) > length or not is_storable(value):
            raise ValueError(
                Sentence(_("must be a string of at most %(most)s characters"), most=str(length))
            )
        return value

    return cleaned


def _code(value: Any) -> str:
    """ISO-3166-1 alpha-2, or ISO-639-1: the case is the caller's own."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2}", value, re.ASCII):
        raise ValueError(_("must be a code of two letters"))
    return value


def _country(value: Any) -> str:
    return _code(value).upper()


def _language(value: Any) -> str:
    # Clients send locales too: en-US, pt_BR.
    return _code(re.split("[-_]", value)[0] if isinstance(value, str) else value).lower()


class _EmailValidator(EmailValidator):
    """Django's, which looks at a domain once: a million addresses have few."""

    # Not through an object that compiles it at its first use, which is slower than the match.
    user_regex = re.compile(EmailValidator.user_regex.pattern, re.IGNORECASE)

    @staticmethod
    @lru_cache(4096)
    def validate_domain_part(domain_part: str) -> bool:
        return bool(EmailValidator().validate_domain_part(domain_part))


validate_email = _EmailValidator()


def _email(value: Any) -> str:
    try:
        validate_email(_text(EMAIL_LENGTH)(value))
    except ValidationError as error:
        raise ValueError(_("must be an e-mail address")) from error
    # In lower case: by it people are found, however an address was typed. Some letters become two.
    return str(_text(EMAIL_LENGTH)(value.lower()))


def _phone(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\+?[\d() .-]{3,31}", value, re.ASCII):
        raise ValueError(_("must be a phone number, such as +15551234567"))
    return value


def _time_zone(value: Any) -> str:
    if value not in TIME_ZONES:
        raise ValueError(_("must be an IANA time zone, such as Europe/Paris"))
    return str(value)


def _gender(value: Any) -> str:
    if value not in Gender.values:
        choices = ", ".join(Gender.values)
        raise ValueError(Sentence(_("must be one of %(choices)s or null"), choices=choices))
    return str(value)


def _subscription(value: Any) -> str:
    if value not in Subscription.values:
        choices = ", ".join(Subscription.values)
        raise ValueError(Sentence(_("must be one of %(choices)s"), choices=choices))
    return str(value)


def _birthday(value: Any) -> date:
    try:
        if not isinstance(value, str) or not DAY.match(value):
            raise ValueError
        day = date.fromisoformat(value[:10])
        if not is_taken(day):
            raise ValueError
        return day
    except ValueError:
        raise ValueError(_("must be a date, as YYYY-MM-DD")) from None


def _moment(value: Any) -> datetime:
    if moment := parse_time(value):
        return moment
    raise ValueError(_("must be a time in ISO-8601, such as 2026-02-15T09:00:00Z"))


#: In the order of the pages.
ATTRIBUTES = (
    Attribute(
        name="first_name",
        label=gettext_lazy("First name"),
        clean=_text(255),
        shown=Shown.PERSONAL,
    ),
    Attribute(
        name="last_name",
        label=gettext_lazy("Last name"),
        clean=_text(255),
        shown=Shown.PERSONAL,
    ),
    Attribute(
        name="email",
        label=gettext_lazy("Email address"),
        clean=_email,
        shown=Shown.PERSONAL,
        synonyms=("e_mail", "email_address"),
    ),
    Attribute(
        name="phone",
        label=gettext_lazy("Phone number"),
        clean=_phone,
        shown=Shown.PERSONAL,
        synonyms=("phone_number",),
    ),
    Attribute(
        name="dob",
        label=gettext_lazy("Date of birth"),
        clean=_birthday,
        holds=Holds.DAY,
        shown=Shown.PERSONAL,
        synonyms=("birthday", "date_of_birth"),
    ),
    Attribute(
        name="gender",
        label=gettext_lazy("Gender"),
        clean=_gender,
        choices=Gender,
        shown=Shown.PLAIN,
    ),
    Attribute(
        name="country",
        label=gettext_lazy("Country"),
        clean=_country,
        shown=Shown.PLAIN,
        most_in_form=2,
    ),
    Attribute(
        name="home_city",
        label=gettext_lazy("City"),
        clean=_text(255),
        shown=Shown.PLAIN,
        synonyms=("city",),
    ),
    Attribute(
        name="language",
        label=gettext_lazy("Language"),
        clean=_language,
        shown=Shown.PLAIN,
        most_in_form=5,
    ),
    Attribute(
        name="time_zone",
        label=gettext_lazy("Time zone"),
        clean=_time_zone,
        shown=Shown.PLAIN,
        synonyms=("timezone",),
    ),
    Attribute(
        name="email_subscribe",
        label=gettext_lazy("Email subscription"),
        label_in_form=gettext_lazy("Email subscription status"),
        clean=_subscription,
        choices=Subscription,
        empties=False,
        shown=Shown.IN_FORM,
        since_column="email_subscribe_at",
    ),
    Attribute(
        name="push_subscribe",
        label=gettext_lazy("Push subscription"),
        label_in_form=gettext_lazy("Push subscription status"),
        clean=_subscription,
        choices=Subscription,
        empties=False,
        shown=Shown.IN_FORM,
        since_column="push_subscribe_at",
    ),
    Attribute(
        name="image_url",
        label=gettext_lazy("Image URL"),
        clean=_text(2048),
        is_exported=False,
    ),
    Attribute(
        name="marked_email_as_spam_at",
        label=gettext_lazy("Marked email as spam at"),
        clean=_moment,
        column="email_marked_spam_at",
        holds=Holds.MOMENT,
        is_of_address=True,
        is_exported=False,
    ),
)
STANDARD = {attribute.name: attribute for attribute in ATTRIBUTES}
#: The attributes of ``Profile`` that a person's form has.
IN_FORM = tuple(each for each in ATTRIBUTES if each.shown is not Shown.NOWHERE)


def clean_standard(name: str, value: Any) -> tuple[str, Any]:
    """Return the column of the standard attribute ``name``, and ``value`` as it is kept there.

    Null empties the column. Raises ``InvalidAttribute``.
    """
    attribute = STANDARD[name]
    if value is None or value == "":
        return attribute.column, attribute.empty
    try:
        return attribute.column, attribute.clean(value)
    except (ValueError, TypeError) as error:
        raise InvalidAttribute.about(name, error) from None
