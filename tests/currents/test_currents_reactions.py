"""The table of answers, and how long to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from currents.reactions import (
    MOST_RETRY_AFTER_SECONDS,
    Reaction,
    reaction_to,
    retry_after,
    wait_before_retry,
    wait_for_credentials,
)


def test_the_table() -> None:
    special = {
        400: Reaction.SPLIT,
        401: Reaction.CREDENTIALS,
        403: Reaction.CREDENTIALS,
        404: Reaction.CREDENTIALS,
        413: Reaction.SHRINK,
    }
    done = dict.fromkeys(range(200, 300), Reaction.DONE)
    others = dict.fromkeys(range(100, 600), Reaction.LATER)
    assert {status: reaction_to(status) for status in others} == others | done | special


def test_waits_double_with_jitter_up_to_a_quarter_of_an_hour() -> None:
    for failures, longest in ((1, 1), (2, 2), (3, 4), (11, 900), (12, 900), (10_000, 900)):
        waits = [wait_before_retry(failures, {}) for _ in range(200)]
        assert longest / 2 <= min(waits) < longest * 0.6
        assert longest * 0.9 < max(waits) <= longest


def test_credentials_wait_two_to_five_minutes() -> None:
    assert all(120 <= wait_for_credentials() <= 300 for _ in range(200))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("²", 0),
        ("9" * 400, MOST_RETRY_AFTER_SECONDS),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MOST_RETRY_AFTER_SECONDS),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float) -> None:
    assert retry_after({"retry-after": text}) == seconds


def test_retry_after_as_a_date_to_come() -> None:
    until = datetime.now(UTC) + timedelta(minutes=5)
    assert 295 < retry_after({"retry-after": format_datetime(until, usegmt=True)}) <= 300
