"""The list of standard attributes, and the SQL that names their columns itself."""

import re

import pytest

from lib.statements import Statements
from profiles.csv_import import merge
from profiles.identity.merging import OF_ADDRESS, TAKEN_OVER
from profiles.models import Profile
from profiles.standard import ATTRIBUTES, STANDARD
from profiles.track import writing

COLUMNS = {attribute.column for attribute in ATTRIBUTES}
#: Of these, track and imports write the columns, and never a value that was said.
SINCE = {attribute.since_column for attribute in ATTRIBUTES if attribute.since_column}
PLACE = {"longitude", "latitude"}
#: Columns that nobody sets by an attribute.
NO_ATTRIBUTES = {
    "id",
    "workspace",
    "created_at",
    "changed",
    "random_bucket",
    "custom",
    "braze_id",
    "external_id",
    "email_hard_bounced_at",
}


def found(pattern: str, text: str) -> set[str]:
    return set(re.findall(pattern, text))


def statement(statements: Statements, name: str) -> str:
    return " ".join(statements[name].split())


def test_each_attribute_has_a_name_and_a_column_of_its_own() -> None:
    assert len(STANDARD) == len(COLUMNS) == len(ATTRIBUTES)


def test_each_column_of_a_profile_is_in_the_list_or_no_attribute() -> None:
    columns = {field.name for field in Profile._meta.concrete_fields}
    assert columns == COLUMNS | SINCE | PLACE | NO_ATTRIBUTES


def test_an_attribute_that_is_empty_holds_what_a_new_profile_holds() -> None:
    assert STANDARD["first_name"].empty == ""
    assert STANDARD["dob"].empty is None
    assert STANDARD["email_subscribe"].empty == "subscribed"


def test_track_writes_each_of_them() -> None:
    change = statement(writing.statements, "change")
    written = change[change.index(" set ") : change.index(" from json_to_recordset")]
    sent = change[change.index("as said ( id bigint") : change.index(") where")]
    compared = change[change.index(") where") :]
    assert found(r"(\w+) = (?:coalesce\(said|case when said)\.", written) == COLUMNS | PLACE
    assert found(r"(\w+) = subscription_since\(", written) == SINCE
    assert found(r"(\w+) text[,)]", f"{sent},") == COLUMNS | PLACE
    assert found(r"person\.(\w+)", compared) == COLUMNS | PLACE | {"custom", "id", "workspace_id"}


@pytest.mark.parametrize("name", ["find_changes", "update_changing"])
def test_an_import_compares_and_writes_each_of_them(name: str) -> None:
    text = statement(merge.statements, name)
    assert found(r"coalesce\(said\.(\w+), known\.\1\)", text) == COLUMNS
    if name == "find_changes":
        kept = text[text.index("is distinct from") :]
        assert found(r"known\.(\w+)", kept) == COLUMNS
    else:
        assert found(r"(\w+) = coalesce\(", text) == COLUMNS
        assert found(r"(\w+) = subscription_since\(", text) == SINCE


def test_an_import_reads_each_of_them_and_gives_it_to_a_new_profile() -> None:
    tables = statement(merge.statements, "make_tables")
    row = tables[tables.index("csv_row (") : tables.index("custom jsonb")]
    assert found(r"(\w+) (?:text|date|timestamptz),", row) == COLUMNS
    insert = statement(merge.statements, "insert_new")
    into = insert[insert.index("(") : insert.index(") select")]
    others = {"workspace_id", "created_at", "braze_id", "external_id", "custom"}
    assert found(r"\w+", into) == COLUMNS | SINCE | others
    given = insert[insert.index(") select") :]
    assert found(r"\w+", given) >= COLUMNS


def test_a_merge_takes_each_of_them_over() -> None:
    taken = {column for columns in TAKEN_OVER for column in columns}
    assert taken | set(OF_ADDRESS) >= COLUMNS | SINCE
    assert taken.isdisjoint(OF_ADDRESS)
