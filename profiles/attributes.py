"""What may be said of a profile under any name: custom attributes, and properties of events.

Everything that brings people in (the REST API, CSV files, the person's page) has its values cleaned
here. ``profiles.standard`` has the attributes that have a column of their own.
"""

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop as _

from lib.calendar import FIRST_YEAR, LAST_YEAR, is_taken
from lib.wording import Sentence
from profiles.models import AttributeType

#: Braze's limits on custom attributes: characters of a name and of a text, items and bytes of an
#: array, bytes of an object or an array of them, and how deep objects may nest.
NAME_LENGTH = 255
TEXT_LENGTH = 255
ARRAY_LENGTH = 500
ARRAY_BYTES = 100_000
OBJECT_BYTES = 50_000
DEPTH = 50
#: Bytes that one object of a call may become once it is repeated: for each piece of a purchase, for
#: each push token of an import.
REPEATED_BYTES = 200_000
#: The largest whole number that JSON readers everywhere keep exactly, and PostgreSQL as bigint.
LARGEST = 2**63 - 1

TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.:]\d+)?)?( ?(Z|[+-]\d\d:?\d\d))?", re.ASCII
)
MILLISECONDS = re.compile(r"(T\d\d:\d\d:\d\d):(\d+)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# As pairs, which are looked at in half the time of ``int | float``: once for each value of a call.
NUMBER = (int, float)
NESTED = (list, dict)

#: What may be wrong with a value, in more than one place.
UNSTORABLE_TEXT = _("must not hold NUL or half a character")


class InvalidAttribute(ValueError):
    """A value that an attribute cannot have. The sentence names the attribute."""

    @classmethod
    def about(cls, name: str, problem: object) -> Self:
        """Say that the attribute ``name`` has ``problem``: a sentence without its subject, or an
        error that holds one.
        """
        said = problem.args[0] if isinstance(problem, ValueError) else problem
        what = said if isinstance(said, Sentence) else Sentence(str(problem))
        return cls(Sentence(_("'%(name)s' %(problem)s"), name=name, problem=what))

    @property
    def sentence(self) -> Sentence:
        """What is wrong, to be said in any language."""
        (said,) = self.args
        return said if isinstance(said, Sentence) else Sentence(str(said))


def parse_time(value: Any) -> datetime | None:
    """Return the moment that ``value`` spells, or None where it spells none that is taken.

    Clients write ``2019-02-15T00:00:00Z``, an offset with or without a colon,
    ``2019-02-15 00:00:00 -0500``, or milliseconds after a colon, as Braze's own pages do;
    without an offset it is UTC.
    """
    try:
        return read_time(value)
    except OverflowError:
        return None


def read_time(value: Any) -> datetime | None:
    """Return the moment that ``value`` spells, or None where it spells none.

    Raises OverflowError for a moment that is not taken: see ``lib.calendar``.
    """
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return None
    try:
        plain = value.replace(" ", "T", 1).replace(" ", "") if " " in value else value
        moment = parse_datetime(plain) or parse_datetime(MILLISECONDS.sub(r"\1.\2", plain))
        if moment is None:
            return None
        if moment.tzinfo is not UTC:  # as most clients send it
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError:
        return None
    if not is_taken(moment):
        raise OverflowError
    return moment


def iso(moment: datetime) -> str:
    """Write ``moment`` as custom attributes keep times: ISO-8601 in UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def at_most_bytes(most: int) -> Sentence:
    """Say, without the subject, that something is larger than it may be."""
    return Sentence(_("must have at most %(most)s bytes"), most=str(most))


def refuse_many_copies(value: Any, count: int) -> None:
    """Raise ``InvalidAttribute`` where ``count`` copies of a JSON value are too much to keep."""
    if count > 1 and count * len(spelled(value)) > REPEATED_BYTES:
        raise InvalidAttribute(
            f"{count} times what it says is more than {REPEATED_BYTES} bytes: "
            "say less, or send fewer at once"
        )


# Custom attributes


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can keep ``text``: it has neither NUL nor half a character."""
    return "\0" not in text and (text.isascii() or not UNSTORABLE.search(text))


def clean_name(name: Any) -> str:
    """Return the name of a custom attribute, event or product. Raises ``InvalidAttribute``."""
    return _clean_name(name if isinstance(name, str) else "")


# A company has some hundred names, and says them over and over: those that are right are kept.
@lru_cache(maxsize=4096)
def _clean_name(name: str) -> str:
    if not name.strip() or len(name) > NAME_LENGTH:
        raise InvalidAttribute(f"a name must be a string of 1 to {NAME_LENGTH} characters")
    if not is_storable(name):
        raise InvalidAttribute("a name must not hold NUL or half a character")
    return name


def clean_custom(name: str, value: Any) -> Any:
    """Return ``value`` as the custom attribute ``name`` keeps it; None takes the attribute away.

    A text that spells a time is kept as that moment in UTC, and so is ``{"$time": …}``, as it is
    sent inside objects; an array keeps each value once, the newest ``ARRAY_LENGTH`` of them.
    Raises ``InvalidAttribute``.
    """
    clean_name(name)
    try:
        return None if value is None else _clean_value(value, depth=0)
    except ValueError as error:
        raise InvalidAttribute.about(name, error) from None


def spelled(value: Any) -> str:
    """Return a text by which two cleaned values are the same or not: 1, 1.0 and true are not."""
    return json.dumps(value, sort_keys=True) if isinstance(value, NESTED) else repr(value)


def type_of(value: Any) -> AttributeType:
    """Return the type of a cleaned custom value."""
    if isinstance(value, bool):
        return AttributeType.BOOLEAN
    if isinstance(value, int | float):
        return AttributeType.NUMBER
    if isinstance(value, list):
        return AttributeType.ARRAY
    if isinstance(value, dict):
        return AttributeType.OBJECT
    return AttributeType.TIME if TIME.fullmatch(value) else AttributeType.STRING


def _clean_value(value: Any, depth: int) -> Any:
    if depth > DEPTH:
        raise ValueError(_("is nested too deep"))
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, NUMBER):
        return _clean_number(value)
    if isinstance(value, list):
        return _clean_array(value, depth)
    if isinstance(value, dict):
        return _clean_object(value, depth)
    raise ValueError(_("must not hold null"))


def _clean_text(text: str) -> str:
    if len(text) > TEXT_LENGTH:
        raise ValueError(
            Sentence(_("must have at most %(most)s characters"), most=str(TEXT_LENGTH))
        )
    if not is_storable(text):
        raise ValueError(UNSTORABLE_TEXT)
    # Few texts spell a time, and those begin with a digit.
    try:
        moment = read_time(text) if text[:1].isdigit() else None
    except OverflowError:
        years = {"first": str(FIRST_YEAR), "last": str(LAST_YEAR)}
        raise ValueError(
            Sentence(_("must be a time of the years %(first)s to %(last)s"), **years)
        ) from None
    return iso(moment) if moment else text


def _clean_number(number: int | float) -> int | float:
    # NaN and infinities, which some clients send, fail the comparison too.
    if not -LARGEST <= number <= LARGEST and not (
        isinstance(number, float) and abs(number) <= 1.7e308
    ):
        raise ValueError(_("is not a number that can be kept"))
    return number


def _clean_array(items: list[Any], depth: int) -> list[Any]:
    cleaned = [_clean_value(item, depth + 1) for item in items]
    # Of objects there may be any number: their size is what is bounded.
    objects = any(isinstance(item, dict) for item in cleaned)
    most = OBJECT_BYTES if objects else ARRAY_BYTES
    # Of a value that stands twice the later one counts, as when it is added again.
    newest: dict[str, Any] = {}
    size = 0
    for item in reversed(cleaned):
        if (key := spelled(item)) not in newest:
            newest[key] = item
            size += len(key)
            # At once: thousands of copies of a large object are not held before they are counted.
            if size > most:
                raise ValueError(at_most_bytes(most))
    return list(newest.values())[: None if objects else ARRAY_LENGTH][::-1]


def _clean_object(value: dict[str, Any], depth: int) -> Any:
    if value.keys() == {"$time"}:
        if moment := parse_time(value["$time"]):
            return iso(moment)
        raise ValueError(_("has a '$time' that is not ISO-8601"))
    cleaned = {_clean_key(key): _clean_value(item, depth + 1) for key, item in value.items()}
    if depth == 0 and len(spelled(cleaned)) > OBJECT_BYTES:
        raise ValueError(at_most_bytes(OBJECT_BYTES))
    return cleaned


def _clean_key(key: str) -> str:
    if len(key) > NAME_LENGTH or not is_storable(key):
        raise ValueError(
            Sentence(_("must have keys of at most %(most)s characters"), most=str(NAME_LENGTH))
        )
    return key


# Properties of events and purchases


def clean_properties(properties: Any) -> dict[str, Any]:
    """Return the properties of an event or a purchase as they are kept, without what is null.

    Braze bounds the size of those with arrays or objects. Raises ``InvalidAttribute``.
    """
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise InvalidAttribute("'properties' must be an object")
    cleaned, nested = {}, False
    for name, value in properties.items():
        if value is not None:
            kept = _clean_property_name(name)
            cleaned[kept] = _clean_property(kept, value)
            nested |= isinstance(value, NESTED)
    if nested and len(spelled(cleaned)) > OBJECT_BYTES:
        raise InvalidAttribute(f"'properties' must have at most {OBJECT_BYTES} bytes")
    return cleaned


def _clean_property_name(name: str) -> str:
    if name.startswith("$"):
        raise InvalidAttribute("the name of a property must not begin with a dollar sign")
    return clean_name(name)


def _clean_property(name: str, value: Any) -> Any:
    try:
        return _clean_part(value, depth=0)
    except ValueError as error:
        raise InvalidAttribute(f"the property '{name}' {error}") from None


def _clean_part(value: Any, depth: int) -> Any:
    # Unlike an attribute, an event may name one thing twice in an array.
    if depth > DEPTH:
        raise ValueError(_("is nested too deep"))
    if isinstance(value, list):
        return [_clean_part(item, depth + 1) for item in value if item is not None]
    if isinstance(value, dict):
        parts = ((key, part) for key, part in value.items() if part is not None)
        return {_clean_key(key): _clean_part(part, depth + 1) for key, part in parts}
    return _clean_value(value, depth)
