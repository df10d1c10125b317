"""Reading the CSV file of a list of people: row by row, whatever its length."""

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from profiles.csv_import.files import Lines, UnreadableFile, decoded, numbered_rows
from profiles.models import IDENTIFIER_BYTES

MOST_BYTES = 200 * 2**20
MOST_ROWS = 10_000_000
DELIMITERS = ",;\t"

#: The columns that a file may have, each with the kind of identifier it holds.
COLUMNS = {
    "external_id": "external_id",
    "user_id": "external_id",
    "braze_id": "braze_id",
    "alias_label": "alias",
    "alias_name": "alias",
    "email": "email",
    "phone": "phone",
    "device_id": "device_id",
}
#: The kinds in the order in which they are asked: a row is matched by the first that it has.
KINDS = ("external_id", "braze_id", "alias", "email", "phone", "device_id")

#: A row of the file: the kind of its identifier, the alias's label, the identifier; None is a row
#: without an identifier.
type Row = tuple[str, str, str] | None
type Reader = Callable[[list[str]], Row]


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a CSV file in UTF-8, or in UTF-16 with its mark; blank lines are no rows.

    The first line says what the columns hold (``COLUMNS``); a single column without a known name
    holds external ids from the first line on. Cells are stripped of spaces around them. Raises
    ``UnreadableFile``.
    """
    with decoded(file) as text:
        yield from _rows(Lines(text))


def _rows(lines: Lines) -> Iterator[Row]:
    text = iter(lines)
    first = next(text, None)
    if first is None:
        raise UnreadableFile(_("The file is empty."))
    delimiter, header, is_header = read_header(first)
    reader = row_reader(header) if is_header else single_column
    body = text if is_header else chain([first], text)
    number = 0
    rows = numbered_rows(lines, body, delimiter, 2 if is_header else 1)
    for number, (_line, cells) in enumerate(rows, 1):  # noqa: B007
        if number > MOST_ROWS:
            raise UnreadableFile(_("The file has more than %(most)s rows."), most=MOST_ROWS)
        yield reader([cell.strip() for cell in cells])
    if not number:
        raise UnreadableFile(_("The file has a header and no rows."))


def read_header(line: str) -> tuple[str, list[str], bool]:
    """Return the delimiter of ``line``, its cells as names, and whether they name columns."""
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        names = [cell.strip().lower().replace(" ", "_") for cell in cells]
        if set(names) & set(COLUMNS):
            return delimiter, names, True
    if any(delimiter in line.strip() for delimiter in DELIMITERS):
        raise UnreadableFile(
            _("Line 1 names no known column. Known are %(columns)s."), columns=", ".join(COLUMNS)
        )
    return ",", [], False


def single_column(cells: list[str]) -> Row:
    """Read a row of one column without a header: an external id."""
    return valid("external_id", "", cells[0]) if len(cells) == 1 else None


def row_reader(header: list[str]) -> Reader:
    """Return what reads a row under ``header``: the first kind of identifier that is not blank."""
    if ("alias_label" in header) != ("alias_name" in header):
        raise UnreadableFile(_("Line 1: an alias takes two columns, alias_label and alias_name."))
    repeated = [name for name in COLUMNS if header.count(name) > 1]
    if repeated:
        raise UnreadableFile(_("Line 1 names the column %(column)s twice."), column=repeated[0])
    places = [
        (kind, header.index("alias_label") if kind == "alias" else None, header.index(column))
        for kind in KINDS
        for column in COLUMNS
        if COLUMNS[column] == kind and column in header and column != "alias_label"
    ]
    width = len(header)

    def read(cells: list[str]) -> Row:
        if len(cells) != width:
            return None
        for kind, label, place in places:
            if cells[place]:
                return valid(kind, "" if label is None else cells[label], cells[place])
        return None

    return read


def valid(kind: str, label: str, identifier: str) -> Row:
    """Return the row, or None if no profile can have such an identifier."""
    if not identifier or (kind == "alias" and not label):
        return None
    if any(len(text.encode()) > IDENTIFIER_BYTES for text in (label, identifier)):
        return None
    return (kind, label, identifier)


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Yield ``rows`` in lists of ``size``."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
