"""Finding the rows of a file that a later row for the same user supersedes.

Only the last row that can be taken counts for a user: so the same file says the same however it is
divided into chunks, and a second import of it finds nothing to do.
"""

import json
from collections.abc import Callable, Iterator
from itertools import batched
from typing import BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _
from pyroaring import BitMap

from lib.statements import Statements
from profiles.csv_import import files
from profiles.csv_import.files import NumberedRow, UnreadableFile
from profiles.csv_import.rows import Cleaner

statements = Statements.beside(__file__)
CHUNK = 20_000
MOST_ROWS = 5_000_000

type Numbered = tuple[int, NumberedRow]


def superseded_rows(open_file: Callable[[], BinaryIO], cleaner: Cleaner) -> tuple[int, BitMap]:
    """Read a whole file; return how many rows it has, and the numbers, from 0, of the superseded.

    Raises ``UnreadableFile`` where the file breaks off, so that nothing is written of such a one.
    """
    statements.count("make_named")
    try:
        total = _name_all(open_file, cleaner)
        statements.count("find_repeated")
        repeated = BitMap(number for (number,) in statements.rows("repeated"))
        if not repeated:
            return total, repeated
        refused = list(_refused_among(repeated, open_file, cleaner))
        found = statements.rows("superseded", refused=json.dumps(refused))
        return total, BitMap(number for (number,) in found)
    finally:
        statements.count("drop_named")


def _name_all(open_file: Callable[[], BinaryIO], cleaner: Cleaner) -> int:
    """Write down the identifier that each row names; return how many rows there are."""
    total = 0
    with (
        transaction.atomic(),
        open_file() as file,
        files.opened(file) as table,
        connection.cursor() as cursor,
        cursor.copy(statements["copy_named"]) as copy,
    ):
        for rows in batched(table.rows, CHUNK, strict=False):
            named = enumerate(cleaner.identifiers(rows), total)
            copy.write("".join([f"{number}\t{text}\n" for number, text in named if text]))
            total += len(rows)
            if total > MOST_ROWS:
                raise UnreadableFile(_("The file has more than %(most)s rows."), most=MOST_ROWS)
    if not total:
        raise UnreadableFile(_("The file has a header and no rows."))
    return total


def _refused_among(
    repeated: BitMap, open_file: Callable[[], BinaryIO], cleaner: Cleaner
) -> Iterator[int]:
    """Give the numbers of those rows of ``repeated`` that cannot be taken."""
    with open_file() as file, files.opened(file) as table:
        asked = ((number, row) for number, row in enumerate(table.rows) if number in repeated)
        for some in batched(asked, CHUNK, strict=False):
            for place, _reason in cleaner.clean([row for _, row in some]).refused:
                yield some[place][0]
