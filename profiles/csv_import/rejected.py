"""The file of the rows that an import did not take: the line of each, why, and what it says.

The reason is kept as ``Sentence.dump`` has it, and said in the language of its reader.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched, islice
from pathlib import Path
from typing import BinaryIO, Self

from django.utils import translation

from lib.spreadsheets import csv_line, guarded
from lib.wording import in_words

LINE, REASON = "line", "reason"
#: Rows that a download gives at a time.
CHUNK = 500


class RejectedRows:
    """Writes the file, chunk by chunk.

    Rows of a chunk that did not commit are overwritten by the next chunk: the database keeps the
    size up to which the file counts.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path = path
        self._header = header

    def __enter__(self) -> Self:
        self._path.touch(mode=0o600)
        self._file: BinaryIO = self._path.open("r+b")
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def write(self, size: int, rows: Iterable[tuple[int, Sequence[str], str]]) -> int:
        """Write ``rows``, each a line, its cells and a dumped reason, after ``size`` bytes; return
        how many bytes there are then.
        """
        self._file.seek(size)
        self._file.truncate()
        if not size:
            self._file.write(csv_line(map(guarded, [LINE, REASON, *self._header])))
        for line, cells, reason in rows:
            self._file.write(csv_line(map(guarded, [str(line), reason, *cells])))
        self._file.flush()
        return self._file.tell()


def read(path: Path, most: int) -> Iterator[tuple[str, str, list[str]]]:
    """Give the first ``most`` rejected rows: line, reason, cells. None where the file is gone."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in islice(csv.reader(file), 1, most + 1):
                yield row[0], in_words(row[1]), row[2:]
    except FileNotFoundError:
        return


def written(path: Path, *, language: str | None) -> Iterator[bytes]:
    """Give the whole file, chunk by chunk, with the reasons in ``language``."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        yield csv_line(next(rows, []))
        for chunk in batched(rows, CHUNK, strict=False):
            with translation.override(language):
                said = [[line, in_words(reason), *cells] for line, reason, *cells in chunk]
            yield b"".join(map(csv_line, said))
