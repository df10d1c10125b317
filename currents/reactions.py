"""What a sender does about an answer: the table of Braze's custom HTTP connector, in code."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

#: Seconds between tries of what a receiver does not take; the last one again and again. A random
#: half of each is left out, so that many senders do not come back together.
WAITS_SECONDS = (1, 2, 4, 8, 15, 30, 60, 120, 240, 480, 900)
#: Seconds between tries of credentials, drawn from this range.
CREDENTIALS_WAIT_SECONDS = (120, 300)
#: The longest ``Retry-After`` that is honoured. Seconds.
MOST_RETRY_AFTER_SECONDS = 24 * 60 * 60.0


class Reaction(Enum):
    DONE = auto()
    SPLIT = auto()  # send each event by itself
    SHRINK = auto()  # send smaller batches
    CREDENTIALS = auto()  # have an admin look at them; try again for 48 hours
    LATER = auto()  # try again, after longer and longer


def reaction_to(status: int) -> Reaction:
    if 200 <= status < 300:
        return Reaction.DONE
    return {
        400: Reaction.SPLIT,
        401: Reaction.CREDENTIALS,
        403: Reaction.CREDENTIALS,
        404: Reaction.CREDENTIALS,
        413: Reaction.SHRINK,
    }.get(status, Reaction.LATER)


def wait_before_retry(failures: int, headers: Mapping[str, str]) -> float:
    """Return the seconds to wait after ``failures`` calls in a row that came to nothing.

    Never less than the receiver asks for by ``Retry-After``.
    """
    longest = WAITS_SECONDS[min(failures, len(WAITS_SECONDS)) - 1]
    return max(longest * random.uniform(0.5, 1), retry_after(headers))  # noqa: S311


def wait_for_credentials() -> float:
    return random.uniform(*CREDENTIALS_WAIT_SECONDS)  # noqa: S311


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that ``Retry-After`` asks for, by a number or a date; else 0."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MOST_RETRY_AFTER_SECONDS)
    try:
        until = parsedate_to_datetime(text)
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0
    return min(max(seconds, 0), MOST_RETRY_AFTER_SECONDS)
