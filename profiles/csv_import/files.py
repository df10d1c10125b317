"""Reading the CSV files that people upload, as a stream."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from typing import Any, BinaryIO

from django.utils.translation import gettext_noop as _

from lib.wording import Sentence

#: Longer than any line that people keep their users in.
LONGEST_LINE = 65_536
DELIMITERS = ",;\t|"
MOST_COLUMNS = 250

#: A row with the number of the line on which it begins.
type NumberedRow = tuple[int, list[str]]


class UnreadableFile(ValueError):
    """A file that is not the CSV we take. The sentence names the line."""

    def __init__(self, text: str, **values: Any) -> None:
        self.sentence = Sentence(text, **values)
        super().__init__(self.sentence)


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
                    _("Line %(line)s is longer than %(most)s characters."),
                    line=self.number,
                    most=LONGEST_LINE,
                )
            if "\0" in line:
                raise UnreadableFile(
                    _("Line %(line)s has a null character in it."), line=self.number
                )
            yield line


@contextmanager
def decoded(file: BinaryIO) -> Iterator[TextIOWrapper]:
    """Read ``file`` as text, in UTF-8, or in UTF-16 with its mark; it stays open at the end.

    Raises ``UnreadableFile`` where it is neither.
    """
    encoding = encoding_of(file)
    text = TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield text
    except UnicodeDecodeError:
        line = first_undecodable_line(file, encoding)
        raise UnreadableFile(
            _("Line %(line)s is not valid UTF-8. Save the file as “CSV UTF-8”."), line=line
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


def numbered_rows(
    lines: Lines, body: Iterable[str], delimiter: str, began: int
) -> Iterator[NumberedRow]:
    """Yield the rows of ``body``, which gives ``lines`` from the line ``began`` on, each with the
    line on which it begins. A line without a cell, or with one that is blank, is no row.
    """
    rows = csv.reader(body, delimiter=delimiter, strict=True)
    try:
        for cells in rows:
            line, began = began, lines.number + 1
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield line, cells
    except csv.Error:
        raise UnreadableFile(
            _("Line %(line)s: a quotation mark is missing or in the wrong place."),
            line=began,
        ) from None


@dataclass(frozen=True)
class Table:
    """An open CSV file: the cells of its first line, and its rows, which are read as they come."""

    header: list[str]
    rows: Iterator[NumberedRow]


@contextmanager
def opened(file: BinaryIO) -> Iterator[Table]:
    """Read ``file`` as CSV with a header; its delimiter is seen from the first line.

    Raises ``UnreadableFile``, and so does reading on.
    """
    with decoded(file) as text:
        lines = Lines(text)
        body = iter(lines)
        first = next(body, None)
        if first is None:
            raise UnreadableFile(_("The file is empty."))
        delimiter = delimiter_of(first)
        head = next(numbered_rows(lines, chain([first], body), delimiter, 1), None)
        names = [name.strip() for name in head[1]] if head else []
        if not any(names):
            raise UnreadableFile(_("The first line names no column."))
        if len(names) > MOST_COLUMNS:
            raise UnreadableFile(_("The file has more than %(most)s columns."), most=MOST_COLUMNS)
        yield Table(names, numbered_rows(lines, body, delimiter, lines.number + 1))


def delimiter_of(line: str) -> str:
    """Return the delimiter that divides ``line`` into the most cells."""

    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=delimiter, strict=True), []))
        except csv.Error:  # a cell that goes on in the next line
            return line.count(delimiter)

    return max(DELIMITERS, key=cells)
