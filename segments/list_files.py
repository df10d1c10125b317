"""Reading the CSV file of a list of people: row by row, whatever its length."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from typing import BinaryIO

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from profiles.models import IDENTIFIER_BYTES

MOST_BYTES = 200 * 2**20
MOST_ROWS = 10_000_000
#: Far more than the longest identifiers of all kinds in one row.
LONGEST_LINE = 65_536
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
#: that names nobody.
type Row = tuple[str, str, str] | None
type Reader = Callable[[list[str]], Row]


class UnreadableFile(ValueError):
    """A file that is not the CSV we take; the message is a sentence that names the line."""


@dataclass
class Lines:
    """The lines of a text, and the number of the one read last."""

    text: TextIOWrapper
    number: int = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(LONGEST_LINE + 1):
            self.number += 1
            if len(line) > LONGEST_LINE:
                raise UnreadableFile(
                    _("Line %(line)s is longer than %(most)s characters.")
                    % {"line": self.number, "most": LONGEST_LINE}
                )
            if "\0" in line:
                raise UnreadableFile(
                    _("Line %(line)s has a null character in it.") % {"line": self.number}
                )
            yield line


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a CSV file in UTF-8, or in UTF-16 with its mark; blank lines are no rows.

    The first line says what the columns hold (``COLUMNS``); a single column without a known name
    holds external ids from the first line on. Cells are stripped of spaces around them. Raises
    ``UnreadableFile``.
    """
    encoding = encoding_of(file)
    text = TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from _rows(Lines(text))
    except UnicodeDecodeError:
        line = first_undecodable_line(file, encoding)
        raise UnreadableFile(
            _("Line %(line)s is not valid UTF-8. Save the file as “CSV UTF-8”.") % {"line": line}
        ) from None
    finally:
        text.detach()


def encoding_of(file: BinaryIO) -> str:
    """Tell the encoding of ``file`` by its byte order mark; UTF-8 without one."""
    start = file.read(2)
    file.seek(0)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def first_undecodable_line(file: BinaryIO, encoding: str) -> int:
    """Return the number of the first line that cannot be decoded."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        while piece := file.readline(LONGEST_LINE):
            line += decoder.decode(piece).count("\n")
    except UnicodeDecodeError:
        pass
    return line


def _rows(lines: Lines) -> Iterator[Row]:
    text = iter(lines)
    first = next(text, None)
    if first is None:
        raise UnreadableFile(_("The file is empty."))
    delimiter, header, is_header = read_header(first)
    reader = row_reader(header) if is_header else single_column
    body = text if is_header else chain([first], text)
    number = 0
    for number, cells in enumerate(_cells(lines, body, delimiter, 2 if is_header else 1), 1):  # noqa: B007
        if number > MOST_ROWS:
            raise UnreadableFile(
                _("The file has more than %(most)s rows.") % {"most": intcomma(MOST_ROWS)}
            )
        yield reader(cells)
    if not number:
        raise UnreadableFile(_("The file has a header and no rows."))


def _cells(lines: Lines, body: Iterable[str], delimiter: str, began: int) -> Iterator[list[str]]:
    """Yield the cells of each row that is not blank, stripped. The first begins at a line."""
    rows = csv.reader(body, delimiter=delimiter, strict=True)
    try:
        for row in rows:
            began = lines.number + 1
            cells = [cell.strip() for cell in row]
            if any(cells) or len(cells) > 1:
                yield cells
    except csv.Error:
        raise UnreadableFile(
            _("Line %(line)s: a quotation mark is missing or stands in the wrong place.")
            % {"line": began}
        ) from None


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
            _("Line 1 names no known column. Known are %(columns)s.")
            % {"columns": ", ".join(COLUMNS)}
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
        raise UnreadableFile(
            _("Line 1 names the column %(column)s twice.") % {"column": repeated[0]}
        )
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
    """Return the row, or None if nobody can have such an identifier."""
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
