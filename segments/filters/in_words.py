"""Values in words: what a filter sees in one person, and what a caller sent."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext


def in_words(value: Any) -> str:
    """Say ``value``: yes or no, a readable time, the items of a list; nothing for none."""
    match value:
        case None:
            return ""
        case bool():
            return gettext("yes") if value else gettext("no")
        case datetime():
            return date_format(timezone.localtime(value), "DATETIME_FORMAT")
        case date():
            return date_format(value, "DATE_FORMAT")
        case Decimal():
            return without_zeros(f"{value:f}")
        case list():
            return ", ".join(in_words(item) for item in value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def without_zeros(number: str) -> str:
    """Drop the zeros that end the decimals: an amount is kept with four of them."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def shown(value: Any) -> str:
    """Return the beginning of what a caller sent, fit to stand in a sentence."""
    text = value if isinstance(value, str) else type(value).__name__
    text = text if len(text) <= 60 else f"{text[:60]}…"
    return text.encode(errors="replace").decode().replace("\0", "?")
