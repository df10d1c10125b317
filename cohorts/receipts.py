"""What a call did with every identifier it carried, told so that the numbers can be checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cohorts.models import CohortImport
from lib.spreadsheets import guarded

#: Width of the drawing of the shares.
WIDTH = 1000

PARTS = (
    ("added", _("Added"), "green", _("entered the cohort")),
    ("removed", _("Removed"), "red", _("left the cohort")),
    ("unchanged", _("Unchanged"), "blue", _("were as asked already")),
    ("unmatched", _("Unmatched"), "orange", _("no profile has this identifier")),
    ("ignored", _("Ignored"), "secondary", _("device of a person who has an external ID")),
)


@dataclass(frozen=True)
class Share:
    """One of the counts that add up to the identifiers asked for, and where it is drawn."""

    name: str
    label: Any
    colour: str
    meaning: Any
    count: int
    start: int
    width: int


def shares(call: CohortImport) -> list[Share]:
    found, before = [], 0
    for name, label, colour, meaning in PARTS:
        count = getattr(call, name)
        start, end = (WIDTH * n // (call.asked or 1) for n in (before, before + count))
        found.append(Share(name, label, colour, meaning, count, start, end - start))
        before += count
    return found


def unmatched_by_kind(call: CohortImport) -> dict[str, list[str]]:
    """Return the sample of identifiers that no profile has, under ``user_ids`` and so on."""
    found: dict[str, list[str]] = {}
    for kind, identifier in call.unmatched_sample:
        found.setdefault(kind, []).append(_text(identifier))
    return found


def unmatched_rows(call: CohortImport) -> Iterator[tuple[str, str]]:
    """Yield the lines of the file to download: the kind, and the identifier."""
    yield "kind", "identifier"
    for kind, identifiers in unmatched_by_kind(call).items():
        for identifier in identifiers:
            yield kind, guarded(identifier)


def _text(identifier: Any) -> str:
    # An alias is a label and a name.
    return ":".join(map(str, identifier)) if isinstance(identifier, list) else str(identifier)
