"""What a spreadsheet takes for a formula is guarded, in Python and in SQL alike."""

import pytest
from django.db import connection
from psycopg import sql

from lib.spreadsheets import csv_line, guarded, guarded_sql

CELLS = [
    ("=1+1", "'=1+1"),
    ("+SUM(A1)", "'+SUM(A1)"),
    ("-2+3", "'-2+3"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("\n=1", "'\n=1"),
    ("+15551234567", "+15551234567"),
    ("-12.5", "-12.5"),
    ("+", "'+"),
    ("1=1", "1=1"),
    ("'=1", "'=1"),
    ("Ü", "Ü"),
    ("", ""),
]


@pytest.mark.parametrize(("cell", "safe"), CELLS)
def test_formulas_are_guarded_and_numbers_are_not(cell: str, safe: str) -> None:
    assert guarded(cell) == safe


@pytest.mark.django_db
@pytest.mark.parametrize(("cell", "safe"), CELLS)
def test_sql_guards_the_same(cell: str, safe: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select {}").format(guarded_sql(sql.Literal(cell))))
        assert cursor.fetchone() == (safe,)


def test_csv_line_is_quoted_where_it_must_be() -> None:
    assert csv_line(["a", "b,c", 'd"e', "é"]) == 'a,"b,c","d""e",é\n'.encode()


def test_csv_line_takes_what_is_no_text() -> None:
    assert csv_line(["\ud800"]) == b"?\n"
