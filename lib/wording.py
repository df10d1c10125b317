"""Sentences that are written down now and read later, each time in the language of the reader."""

import json
from typing import Any, Self

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext


class Sentence(str):
    """A sentence in English that can be said in other languages: a text of the catalogue and the
    values that it names. These may be sentences; whole numbers are grouped as a language does.
    """

    text: str
    values: dict[str, Any]

    def __new__(cls, text: str, **values: Any) -> Self:
        said = {k: f"{v:,}" if isinstance(v, int) else v for k, v in values.items()}
        made = super().__new__(cls, text % said if said else text)
        made.text, made.values = text, values
        return made

    def dump(self) -> str:
        """Return what to keep of it: the text, where that is all, or JSON with the values."""
        return json.dumps(self._parts(), ensure_ascii=False) if self.values else self.text

    def in_words(self) -> str:
        """Say it in the active language."""
        return _said(self._parts())

    def _parts(self) -> list[Any]:
        values = {
            name: value._parts() if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return [self.text, values]


def in_words(kept: str) -> str:
    """Say in the active language what ``Sentence.dump`` returned. A text that it did not return, as
    earlier releases kept them, is said as it is.
    """
    try:
        return _said(json.loads(kept)) if kept.startswith("[") else _said([kept, {}])
    except (ValueError, KeyError, TypeError):
        return kept


def _said(parts: list[Any]) -> str:
    text, values = parts
    words = gettext(text) if text else ""
    said = {
        name: _said(value) if isinstance(value, list) else _grouped(value)
        for name, value in values.items()
    }
    return words % said if said else words


def _grouped(value: Any) -> Any:
    return intcomma(value) if isinstance(value, int) else value
