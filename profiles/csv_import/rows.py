"""Cleaning the rows of an uploaded file, many at a time, into lines of COPY."""

import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any

from django.utils.translation import gettext_noop as _

from lib.wording import Sentence
from profiles.csv_import.columns import CUSTOM, IGNORED, Column
from profiles.csv_import.files import NumberedRow
from profiles.standard import STANDARD

#: A row that is not taken, by its place among those cleaned, and why.
type Refusal = tuple[int, Sentence]


@dataclass(frozen=True)
class Cleaned:
    """What some rows came to: lines that begin with the place of their row, and the refusals."""

    lines: list[str]
    refused: list[Refusal]


class Cleaner:
    """Cleans rows of ``width`` cells by what ``columns`` hold, column by column."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._width = len(columns)
        self._cells = {
            place: column.cells()
            for place, column in enumerate(columns)
            if column.target != IGNORED
        }
        self._named = next(place for place, each in enumerate(columns) if each.identifier)
        self._standard = [place for place, each in enumerate(columns) if each.target in STANDARD]
        self._custom = [place for place, each in enumerate(columns) if each.target == CUSTOM]
        targets = [STANDARD[columns[place].target].column for place in self._standard]
        #: The columns of ``csv_row`` that a line fills.
        self.filled = ("number", "identifier", "new_braze_id", *targets, "custom")

    def clean(self, rows: Sequence[NumberedRow], *, without: Collection[int] = ()) -> Cleaned:
        """Clean ``rows``; those at the places ``without`` get no line, but may be refused."""
        places = [place for place, (_, cells) in enumerate(rows) if len(cells) == self._width]
        refused = [self._misshapen(place, rows) for place in set(range(len(rows))) - set(places)]
        texts = list(zip(*(rows[place][1] for place in places), strict=True))
        values = {
            column: [cells[text] for text in texts[column]] if texts else []
            for column, cells in self._cells.items()
        }
        bad = self._refused(values)
        refused += [(places[at], self._reason(texts, at, bad[at])) for at in bad]
        if bad or without:
            kept = [at not in bad and place not in without for at, place in enumerate(places)]
            places = list(compress(places, kept))
            values = {column: list(compress(each, kept)) for column, each in values.items()}
        for cells in self._cells.values():
            cells.forget()
        return Cleaned(list(self._lines(places, values)), sorted(refused))

    def identifiers(self, rows: Sequence[NumberedRow]) -> Iterator[str | None]:
        """Give for each of ``rows`` whom it names, None where that cannot be read."""
        cells = self._cells[self._named]
        for _line, row in rows:
            yield cells[row[self._named]] if len(row) == self._width else None
        cells.forget()

    def _refused(self, values: dict[int, list[str | None]]) -> dict[int, int]:
        """Return where a value is refused, each with the first column in which one is."""
        bad: dict[int, int] = {}
        for column, cleaned in values.items():
            if self._cells[column].refuses:
                for at in [at for at, value in enumerate(cleaned) if value is None]:
                    bad.setdefault(at, column)
        return bad

    def _reason(self, texts: Sequence[Sequence[str]], at: int, column: int) -> Sentence:
        why = self._cells[column].reason(texts[column][at])
        return why or Sentence(_("The row names no user."))

    def _misshapen(self, place: int, rows: Sequence[NumberedRow]) -> Refusal:
        return place, Sentence(
            _("The row has %(cells)s cells, the header %(columns)s."),
            cells=len(rows[place][1]),
            columns=self._width,
        )

    def _lines(self, places: Sequence[int], values: dict[int, Any]) -> Iterator[str]:
        """Give a line for each row of ``values`` in which none is refused."""
        customs = zip(*(values[column] for column in self._custom), strict=True)
        objects = [f"{{{','.join(filter(None, row))}}}" for row in customs]
        columns = (
            map(str, places),
            values[self._named],
            new_braze_ids(len(places)),
            *(values[column] for column in self._standard),
            objects if self._custom else repeat("{}", len(places)),
        )
        return map("\t".join, zip(*columns, strict=True))


def new_braze_ids(count: int) -> list[str]:
    """Return fresh ids that begin with the time, so that their index grows at its end."""
    began, drawn = f"{int(time.time()):08x}", secrets.token_hex(8 * count)
    return [began + drawn[at : at + 16] for at in range(0, 16 * count, 16)]
