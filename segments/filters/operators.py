"""The operators of each type of attribute, as Braze has them.

Each predicate reads the column ``x``, which is null where the person has no value of that type.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from lib.calendar import is_taken
from profiles.attributes import iso
from segments.filters import fields
from segments.filters.base import Label, Operator, Value, as_array, as_listed

BLANK = {
    "blank": Operator(_("is blank"), fields.nothing, "x is null"),
    "not_blank": Operator(_("is not blank"), fields.nothing, "x is not null"),
}


def escaped_likes(value: Value, now: datetime) -> Value:
    """Bind one array of LIKE patterns that match wherever the text stands."""
    escaped = (
        str(item).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for item in value
    )
    return ([f"%{item}%" for item in escaped],)


STRING = {
    "any_of": Operator(_("is any of"), fields.lines, "x = any(%s)", as_array),
    "none_of": Operator(_("is none of"), fields.lines, negates="any_of"),
    "equals": Operator(_("equals"), fields.text, "x = %s"),
    "is_like": Operator(_("equals, in any case"), fields.text, "lower(x) = lower(%s)"),
    "not_equals": Operator(_("does not equal"), fields.text, negates="is_like"),
    "contains": Operator(_("contains any of"), fields.lines, "x like any(%s)", escaped_likes),
    "not_contains": Operator(_("doesn't contain any of"), fields.lines, negates="contains"),
    "matches": Operator(_("matches regex"), fields.regex, "x ~* %s"),
    # Unlike the other opposites this one needs a value to look at.
    "not_matches": Operator(_("does not match regex"), fields.regex, "x !~* %s"),
    **BLANK,
}


def as_json(value: Value, now: datetime) -> Value:
    """Bind the one number as JSON, in which numbers of any size compare exactly."""
    return (json.dumps(value[0]),)


NUMBER = {
    # “Exactly 0” and “less than” hold for people without a value too.
    "exactly": Operator(_("exactly"), fields.number, "coalesce(x, '0') = %s::jsonb", as_json),
    "not_equals": Operator(_("does not equal"), fields.number, negates="exactly"),
    "more": Operator(_("more than"), fields.number, "x > %s::jsonb", as_json),
    "less": Operator(_("less than"), fields.number, "x < %s::jsonb or x is null", as_json),
    **BLANK,
}

BOOLEAN = {
    "true": Operator(_("is true"), fields.nothing, "x"),
    "false": Operator(_("is false"), fields.nothing, "not x"),
    "true_or_unset": Operator(_("is true or not set"), fields.nothing, "coalesce(x, true)"),
    "false_or_unset": Operator(_("is false or not set"), fields.nothing, "not coalesce(x, false)"),
    **BLANK,
}


def containing(value: Value, now: datetime) -> Value:
    """Bind the JSON path that finds an item holding any of the texts, taken literally."""
    tests = " || ".join(f'@ like_regex {json.dumps(str(item))} flag "q"' for item in value)
    return (f"$[*] ? ({tests})",)


ARRAY = {
    "includes_any": Operator(_("includes any of"), fields.lines, "x ?| %s", as_array),
    "includes_none": Operator(_("includes none of"), fields.lines, negates="includes_any"),
    "includes_all": Operator(_("is all of"), fields.lines, "x ?& %s", as_array),
    "not_all": Operator(_("isn't all of"), fields.lines, negates="includes_all"),
    "contains": Operator(_("values contain any of"), fields.lines, "x @? %s::jsonpath", containing),
    "not_contains": Operator(_("values don't contain any of"), fields.lines, negates="contains"),
    "matches": Operator(
        _("matches regex"),
        fields.regex,
        "exists (select from jsonb_array_elements_text(x) item where item ~* %s)",
    ),
    "has_value": Operator(_("has a value"), fields.nothing, "x <> '[]'"),
    "empty": Operator(_("is empty"), fields.nothing, negates="has_value"),
}


def midnight(moment: datetime) -> datetime:
    """Return the start of the day in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def start_of_day(value: Value, now: datetime) -> Value:
    """Bind the moment at which the day ``value`` began in the time zone of ``now``.

    A day at the ends of the calendar, as earlier releases took it, begins as in UTC.
    """
    day = date.fromisoformat(value[0])
    return (iso(datetime.combine(day, time(), now.tzinfo if is_taken(day) else UTC)),)


MINUTE = timedelta(minutes=1)


def ago(value: Value, now: datetime) -> Value:
    return (iso(now - timedelta(days=float(value[0]))),)


def ago_until_now(value: Value, now: datetime) -> Value:
    # The present minute is not over: what happens in it is past when somebody reads the answer.
    return (*ago(value, now), iso(now + MINUTE))


def ahead(value: Value, now: datetime) -> Value:
    return (iso(now + timedelta(days=float(value[0]))),)


def now_until_ahead(value: Value, now: datetime) -> Value:
    return (iso(now), *ahead(value, now))


def stretches(*bounds: str) -> Value:
    """Bind two stretches of time, each a start and an end that is no part of it, in their order;
    as one, with an empty one after it, where they overlap.
    """
    (start, end), (next_start, next_end) = sorted((bounds[:2], bounds[2:]))
    if next_start < end:
        last = max(end, next_end)
        return (start, last, last, last)
    return (start, end, next_start, next_end)


def passed_before(value: Value, now: datetime, until: datetime) -> Value:
    """Bind both stretches that the end of “N days ago” and the present run through."""
    return stretches(*ago(value, now), *ago(value, until), iso(now), iso(until + MINUTE))


def passed_ahead(value: Value, now: datetime, until: datetime) -> Value:
    """Bind both stretches that the end of “in N days” and the present run through."""
    return stretches(*ahead(value, now), *ahead(value, until), iso(now), iso(until))


def times(column_type: str) -> dict[str, Operator]:
    """The operators of a time ``x`` of ``column_type``: a timestamp, or the text of ``iso``.

    Days begin when they do in the workspace. A range is one call of ``width_bucket``, which finds
    out once what ``x`` is: as two comparisons it took 1.6 times as long over a million people.
    """
    start = as_listed if column_type == "date" else start_of_day
    earlier = f"x < %s::{column_type}"
    within = f"width_bucket(x, array[%s, %s]::{column_type}[]) = 1"
    # Whose time the moment so many days away, or the present, passes until later.
    passed = f"width_bucket(x, array[%s, %s, %s, %s]::{column_type}[]) in (1, 3)"

    def drifting(label: Label, predicate: str, params: Any, flips_params: Any) -> Operator:
        return Operator(
            label, fields.days, predicate, params, flips=passed, flips_params=flips_params
        )

    return {
        "before": Operator(_("before"), fields.day, earlier, start),
        "after": Operator(_("after"), fields.day, f"x >= %s::{column_type}", start),
        "more_ago": drifting(_("more than … days ago"), earlier, ago, passed_before),
        "less_ago": drifting(_("less than … days ago"), within, ago_until_now, passed_before),
        "more_ahead": drifting(
            _("in more than … days in the future"),
            f"x > %s::{column_type}",
            ahead,
            passed_ahead,
        ),
        "less_ahead": drifting(
            _("in less than … days in the future"), within, now_until_ahead, passed_ahead
        ),
        **BLANK,
    }


def path_and_json(value: Value, now: datetime) -> Value:
    """Bind the path, the number as JSON, and the path again for the look at its type."""
    return (value[0], json.dumps(value[1]), value[0])


_AT_PATH = "x #> string_to_array(%s, '.')"

OBJECT = {
    "path_equals": Operator(
        _("nested value equals"), fields.path_and_text, "x #>> string_to_array(%s, '.') = %s"
    ),
    "path_not_equals": Operator(
        _("nested value does not equal"), fields.path_and_text, negates="path_equals"
    ),
    "path_more": Operator(
        _("nested value is more than"),
        fields.path_and_number,
        f"{_AT_PATH} > %s::jsonb and jsonb_typeof({_AT_PATH}) = 'number'",
        path_and_json,
    ),
    "path_less": Operator(
        _("nested value is less than"),
        fields.path_and_number,
        f"{_AT_PATH} < %s::jsonb and jsonb_typeof({_AT_PATH}) = 'number'",
        path_and_json,
    ),
    "path_not_blank": Operator(
        _("nested value is not blank"),
        fields.path,
        "x #>> string_to_array(%s, '.') is not null",
    ),
    "path_blank": Operator(_("nested value is blank"), fields.path, negates="path_not_blank"),
    **BLANK,
}

PICK = {
    "any_of": Operator(_("is any of"), fields.pick, "x = any(%s)", as_array),
    "none_of": Operator(_("is none of"), fields.pick, negates="any_of"),
}
