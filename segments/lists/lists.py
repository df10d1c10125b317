"""Making fixed lists of people: from a CSV file, or from a segment as it is now.

No profile is created: a list holds profiles that exist, and its receipt says what became of every
row of the file.
"""

from collections.abc import Iterable, Iterator
from itertools import batched
from tempfile import TemporaryFile
from typing import Any, BinaryIO, TextIO

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from pyroaring import BitMap

from lib.statements import Statements
from segments.audiences.people import people_of
from segments.filters.base import InvalidTree
from segments.lists.files import KINDS, Row, read_rows
from segments.lists.filter import UserListFilter
from segments.models import Segment, UserList
from segments.trees.tree import load_tree
from segments.trees.uses import Use, trees_of
from workspaces import audit
from workspaces.models import User, Workspace

statements = Statements.beside(__file__)
UNMATCHED_SAMPLE = 100
#: How many rows or ids go to the database at a time.
BATCH = 10_000
#: How many characters of a file go to the database at a time.
PART = 2**20
#: What stands for these in COPY's text form.
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class NameTaken(ValueError):
    """Another list of the workspace has the name."""


class ListInUse(ValueError):
    """A list that something still uses."""


def upload_list(workspace: Workspace, name: str, file: BinaryIO, *, by: User) -> UserList:
    """Make a list of the people whom ``file`` names, with the receipt of its rows.

    The file is read as a stream and matched in the database. Raises ``UnreadableFile``, with
    nothing saved, and ``NameTaken``.
    """
    tally = Tally()
    # Read before the transaction begins: an open one holds up the delivery of all events.
    with TemporaryFile("w+", encoding="utf-8") as lines:
        for batch in batched(tally.numbered(read_rows(file)), BATCH, strict=False):
            lines.write("\n".join(batch) + "\n")
        lines.seek(0)
        return _match(UserList(workspace=workspace, name=name, created_by=by), lines, tally)


@transaction.atomic
def _match(user_list: UserList, lines: TextIO, tally: "Tally") -> UserList:
    """Save ``user_list`` with the people whom ``lines`` name, which ``tally`` has counted."""
    workspace, by = user_list.workspace, user_list.created_by
    made = _make(user_list)
    statements.count("make_uploaded")
    with connection.cursor() as cursor, cursor.copy(statements["copy_uploaded"]) as copy:
        while part := lines.read(PART):
            copy.write(part)
    statements.count("make_matched")
    for kind in KINDS:
        if kind in tally.kinds:
            statements.count(f"match_{kind}", workspace=workspace.pk)
    members = statements.count("insert_matched", list=made.pk)
    made.added, made.repeated = statements.one("count_matched")
    made.rows, made.invalid = tally.rows, tally.invalid
    made.unmatched = made.rows - made.added - made.repeated - made.invalid
    sample = statements.rows("unmatched_sample", most=UNMATCHED_SAMPLE)
    made.unmatched_sample = [
        [kind, f"{label}:{identifier}" if label else identifier]
        for kind, label, identifier in sample
    ]
    made.save()
    audit.record(workspace, by, "Added User List", made, members=members)
    return made


class Tally:
    """Counts the rows of a file while they stream by."""

    def __init__(self) -> None:
        self.rows = 0
        self.invalid = 0
        self.kinds: set[str] = set()

    def numbered(self, rows: Iterable[Row]) -> Iterator[str]:
        """Yield the rows that have an identifier as lines of COPY, each with its number."""
        for row in rows:
            self.rows += 1
            if row is None:
                self.invalid += 1
                continue
            kind, label, identifier = row
            self.kinds.add(kind)
            yield (
                f"{self.rows}\t{kind}\t{label.translate(ESCAPED)}\t{identifier.translate(ESCAPED)}"
            )


def freeze_segment(segment: Segment, name: str, *, by: User) -> UserList:
    """Make a list of exactly the people who are in ``segment`` now. Raises ``NameTaken``."""
    workspace = segment.workspace
    with people_of(workspace) as people:
        audience = people.segment(segment.pk)
    return _freeze(segment, audience, name, by)


@transaction.atomic
def _freeze(segment: Segment, audience: BitMap, name: str, by: User) -> UserList:
    workspace = segment.workspace
    made = _make(UserList(workspace=workspace, name=name, segment=segment, created_by=by))
    statements.count("make_frozen")
    _copy("copy_frozen", map(str, audience))
    made.rows = made.added = statements.count("insert_frozen", list=made.pk)
    made.save()
    detail = {"copied_from": segment.name, "members": made.added}
    audit.record(workspace, by, "Added User List", made, **detail)
    return made


@transaction.atomic
def delete_list(user_list: UserList, *, by: User) -> None:
    """Delete a list. Raises ``ListInUse`` if a segment or a message uses it."""
    workspace = user_list.workspace
    # As saving a segment does: none may take the list up meanwhile.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    if uses_of_lists(workspace).get(str(user_list.pk)):
        raise ListInUse
    audit.record(workspace, by, "Deleted User List", user_list, id=str(user_list.pk))
    user_list.delete()


def uses_of_lists(workspace: Workspace) -> dict[str, list[Use]]:
    """Return what names each list, by the list's id: archived things too."""
    found: dict[str, list[Use]] = {}
    for use, stored in trees_of(workspace):
        for pk in named_lists(stored):
            found.setdefault(pk, []).append(use)
    return found


def named_lists(stored: dict[str, Any]) -> set[str]:
    """Return the ids of the lists that a stored tree names."""
    try:
        filters = load_tree(stored).filters()
    except InvalidTree:
        return set()
    return {pk for item in filters if isinstance(item, UserListFilter) for pk in item.value}


def _make(user_list: UserList) -> UserList:
    try:
        with transaction.atomic():
            user_list.save(force_insert=True)
    except IntegrityError as error:
        raise NameTaken(_("Another list has this name.")) from error
    return user_list


def _copy(statement: str, lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(statements[statement]) as copy:
        for batch in batched(lines, BATCH, strict=False):
            copy.write("\n".join(batch) + "\n")
