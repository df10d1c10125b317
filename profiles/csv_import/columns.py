"""What the columns of an uploaded file hold, and what their cells come to.

One column names the user of a row. The others hold standard attributes, custom attributes, or
nothing that is wanted. Values are cleaned by ``profiles.attributes``, as everywhere.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from django.utils.translation import gettext_noop as _

from lib.wording import Sentence
from profiles.attributes import (
    DAY,
    InvalidAttribute,
    at_most_bytes,
    clean_custom,
    iso,
    parse_time,
)
from profiles.identity.who import is_keepable
from profiles.models import IDENTIFIER_BYTES, AttributeType
from profiles.standard import STANDARD, clean_standard

#: What a column may hold beside a standard attribute, which goes by its own name.
IGNORED = ""
CUSTOM = "custom"
IDENTIFIER = "id:"
IDENTIFIERS = ("external_id", "braze_id", "alias", "email", "phone")

NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
#: Writes JSON; made once, since making one takes longer than writing.
written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
NULL = "\\N"
#: What COPY's text form has another spelling for.
ESCAPED = re.compile(r"[\\\t\n\r]")
SPELLINGS = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Column:
    """What one column holds: ``target`` is an identifier (``id:…``), a standard attribute,
    ``CUSTOM`` or ``IGNORED``. ``name`` is that of a custom attribute, or the label of an alias.
    """

    target: str = IGNORED
    name: str = ""
    type: str = AttributeType.STRING.value

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**stored)

    def dump(self) -> dict[str, str]:
        return asdict(self)

    @property
    def identifier(self) -> str | None:
        """Which identifier the column holds, one of ``IDENTIFIERS``, if any."""
        kind = self.target.removeprefix(IDENTIFIER)
        return kind if self.target.startswith(IDENTIFIER) else None

    def cells(self) -> "Cells":
        """Return what cleans the cells of this column."""
        if self.identifier:
            return Cells(_identifier(self.identifier), blank=None)
        if self.target == CUSTOM:
            return Cells(_custom(self.name, AttributeType(self.type)), blank="")
        return Cells(_standard(self.target), blank=NULL)


class Cells(dict[str, str | None]):
    """What the cells of a column come to, in COPY's text form: None for one that is refused.

    Each distinct text is cleaned once: of a million rows most values of most columns repeat.
    """

    def __init__(self, clean: Callable[[str], str], *, blank: str | None) -> None:
        super().__init__()
        self._clean = clean
        self._blank = blank
        self.refuses = blank is None

    def __missing__(self, text: str) -> str | None:
        try:
            value = self._clean(stripped) if (stripped := text.strip()) else self._blank
        except InvalidAttribute:
            value, self.refuses = None, True
        self[text] = value
        return value

    def reason(self, text: str) -> Sentence | None:
        """Tell why ``text`` is refused; None where it is not, or is blank."""
        try:
            if stripped := text.strip():
                self._clean(stripped)
        except InvalidAttribute as error:
            return error.sentence
        return None

    def forget(self) -> None:
        """Bound the memory: drop what is remembered of a column in which little repeats."""
        if len(self) > MOST_REMEMBERED:
            self.clear()


def escaped(text: str) -> str:
    """Return ``text`` in COPY's text form."""
    return ESCAPED.sub(lambda found: SPELLINGS[found[0]], text)


# From a cell to a value


def _identifier(kind: str) -> Callable[[str], str]:
    def clean(text: str) -> str:
        if kind in STANDARD:
            text = str(clean_standard(kind, text)[1])
        elif not is_keepable(text):
            raise InvalidAttribute.about(kind, at_most_bytes(IDENTIFIER_BYTES))
        return escaped(text.lower() if kind == "braze_id" else text)

    return clean


def _standard(name: str) -> Callable[[str], str]:
    def clean(text: str) -> str:
        _column, value = clean_standard(name, text)
        if isinstance(value, date):  # a datetime too
            return value.isoformat()
        return escaped(str(value))

    return clean


def _custom(name: str, kind: AttributeType) -> Callable[[str], str]:
    """Return what makes of a cell its part of a JSON object: ``"name": value``."""
    label, read = written(name), READERS[kind]

    def clean(text: str) -> str:
        try:
            value = read(text)
        except (ValueError, RecursionError):
            raise InvalidAttribute.about(name, NOT_OF_TYPE[kind]) from None
        if kind not in CLEAN_AS_READ:
            value = clean_custom(name, value)
        return escaped(f"{label}:{written(value)}")

    return clean


def _boolean(text: str) -> bool:
    if (known := BOOLEANS.get(text.lower())) is None:
        raise ValueError
    return known


def _number(text: str) -> int | float:
    if not NUMBER.fullmatch(text):
        raise ValueError
    return float(text) if {".", "e", "E"} & set(text) else int(text)


def _time(text: str) -> str:
    if DAY.fullmatch(text):
        text = f"{text}T00:00:00Z"
    if (moment := parse_time(text)) is None:
        raise ValueError
    return iso(moment)


def _array(text: str) -> Any:
    """Read a JSON array, or texts between semicolons."""
    if text.startswith("["):
        return json.loads(text)
    return [item for part in text.split(";") if (item := part.strip())]


def _object(text: str) -> Any:
    if not text.startswith("{"):
        raise ValueError
    return json.loads(text)


#: What is read as one of these is what ``clean_custom`` would make of it.
CLEAN_AS_READ = {AttributeType.BOOLEAN, AttributeType.TIME}
NOT_OF_TYPE = {
    AttributeType.BOOLEAN: _("must be a boolean"),
    AttributeType.NUMBER: _("must be a number"),
    AttributeType.STRING: _("must be a string"),
    AttributeType.ARRAY: _("must be an array"),
    AttributeType.TIME: _("must be a time"),
    AttributeType.OBJECT: _("must be an object"),
}
READERS: dict[AttributeType, Callable[[str], Any]] = {
    AttributeType.BOOLEAN: _boolean,
    AttributeType.NUMBER: _number,
    AttributeType.STRING: str,
    AttributeType.ARRAY: _array,
    AttributeType.TIME: _time,
    AttributeType.OBJECT: _object,
}
