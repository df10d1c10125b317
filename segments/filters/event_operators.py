"""The operators over events: a figure of a person's events, in which time, and how it compares.

What a person ever did is read from the totals of each person alone. What they did in the last days
is read from the events of those days, which are calendar days in UTC as Braze has them: “1 day”
goes back to the start of yesterday.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import eq, gt, lt
from typing import Any

from django.utils.translation import gettext_lazy as _

from segments.filters import operators, part_fields
from segments.filters.base import (
    Label,
    Operator,
    Query,
    Value,
)
from segments.filters.part_fields import as_number


@dataclass(frozen=True)
class Figure:
    """What is made of a person's events: an aggregate over their totals, or over events."""

    of_totals: str
    of_events: str = ""
    of_nobody: str = ""


COUNT = Figure("sum(count)", "count(*)", of_nobody="0")


SPENT = Figure("sum(spent)", "coalesce(sum(amount), 0)", of_nobody="0")


FIRST = Figure("min(first_at)")


LAST = Figure("max(last_at)")


@dataclass(frozen=True)
class Source:
    """The rows over which a figure is taken, less what every filter says of them."""

    table: str
    figure: str
    where: str = ""
    params: Value = ()


def ever(figure: Figure, value: Value, now: datetime) -> Source:
    return Source("profiles_eventtotal", figure.of_totals)


def in_days(figure: Figure, value: Value, now: datetime) -> Source:
    """Look back so many calendar days as the last part of ``value`` says."""
    start = operators.midnight(now) - timedelta(days=value[-1])
    return Source("profiles_event", figure.of_events, "and time >= %s", (start,))


def in_days_with_property(figure: Figure, value: Value, now: datetime) -> Source:
    """Look back likewise, at the events whose property compares as ``value`` says first."""
    name, comparison, wanted = value[:3]
    compared = COMPARED[comparison](name, wanted)
    days = in_days(figure, value, now)
    return Source(
        days.table, days.figure, f"{days.where} and {compared.sql}", days.params + compared.params
    )


def _compares_number(sign: str, name: str, wanted: str) -> Query:
    return Query(
        "case when jsonb_typeof(properties -> %s) = 'number' "
        f"then (properties -> %s) {sign} %s::jsonb end",
        (name, name, json.dumps(as_number(wanted))),
    )


#: The condition on the property of an event. Without that property an event does not equal.
COMPARED: dict[str, Callable[[str, str], Query]] = {
    "equals": lambda name, wanted: Query("properties ->> %s = %s", (name, wanted)),
    "not_equals": lambda name, wanted: Query(
        "properties ->> %s is distinct from %s", (name, wanted)
    ),
    "more": partial(_compares_number, ">"),
    "less": partial(_compares_number, "<"),
    "contains": lambda name, wanted: Query(
        "case jsonb_typeof(properties -> %s) when 'string' then strpos(properties ->> %s, %s) > 0 "
        "when 'array' then (properties -> %s) ? %s end",
        (name, name, wanted, name, wanted),
    ),
}


def never(value: Value) -> bool:
    return False


@dataclass(frozen=True)
class EventOperator(Operator):
    """An operator over ``x``, the ``figure`` of a person who has rows in ``source``.

    ``holds_for_nobody`` tells whether it holds for who has none: they are found as all but those
    with rows for whom it does not hold.
    """

    figure: Figure = COUNT
    source: Callable[[Figure, Value, datetime], Source] = ever
    holds_for_nobody: Callable[[Value], bool] = never


type Operators = Mapping[str, EventOperator]


SIGNS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "exactly": ("=", eq),
    "more": (">", gt),
    "less": ("<", lt),
}


def comparing(field: Any, figure: Figure = COUNT, *, at: int = 0, **more: Any) -> Operators:
    """Operators that compare a figure with the part of the value that stands ``at``."""

    def holds_for_nobody(compare: Callable[[Any, Any], bool], value: Value) -> bool:
        return compare(0, value[at])

    return {
        name: EventOperator(
            "",
            field,
            f"x {sign} %s::numeric",
            lambda value, now: (value[at],),
            figure=figure,
            holds_for_nobody=partial(holds_for_nobody, compare),
            **more,
        )
        for name, (sign, compare) in SIGNS.items()
    }


def timing(figure: Figure) -> Operators:
    """Operators that compare the first or last time."""
    return {
        name: EventOperator(
            known.label,
            known.field,
            known.sql,
            known.params,
            flips=known.flips,
            flips_params=known.flips_params,
            figure=figure,
        )
        for name, known in operators.times("timestamptz").items()
        if name in ("before", "after", "more_ago", "less_ago")
    }


def prefixed(prefix: str, some: Operators) -> Operators:
    return {f"{prefix}_{name}": each for name, each in some.items()}


def worded(some: Operators, labels: dict[str, Label]) -> dict[str, Operator]:
    """Return those of ``some`` that have a label, in the order of the labels."""
    return {name: replace(some[name], label=label) for name, label in labels.items()}


#: Whatever may be asked about events of one kind or name, before it is put into words.
ASKED: Operators = {
    **comparing(part_fields.count),
    **prefixed("days", comparing(part_fields.count_in_days, source=in_days)),
    **prefixed(
        "property",
        comparing(part_fields.property_count_in_days, at=3, source=in_days_with_property),
    ),
    **prefixed("first", timing(FIRST)),
    **prefixed("last", timing(LAST)),
}


SPENDING: Operators = {
    **comparing(part_fields.money, SPENT),
    **prefixed("days", comparing(part_fields.money_in_days, SPENT, source=in_days)),
}


#: How the operators read after the name of a filter that is about all events of a kind.
FIGURES: dict[str, Label] = {
    **{name: operators.NUMBER[name].label for name in SIGNS},
    "days_more": _("more than … in the last … calendar days"),
    "days_less": _("less than … in the last … calendar days"),
    "days_exactly": _("exactly … in the last … calendar days"),
}


#: How they read about one name: of a custom event, and of a product.
ABOUT_ONE: dict[str, tuple[Label, Label]] = {
    "exactly": (_("has done … exactly … times"), _("has bought … exactly … times")),
    "more": (_("has done … more than … times"), _("has bought … more than … times")),
    "less": (_("has done … less than … times"), _("has bought … less than … times")),
    "days_more": (
        _("has done … more than … times in the last … calendar days"),
        _("has bought … more than … times in the last … calendar days"),
    ),
    "days_less": (
        _("has done … less than … times in the last … calendar days"),
        _("has bought … less than … times in the last … calendar days"),
    ),
    "days_exactly": (
        _("has done … exactly … times in the last … calendar days"),
        _("has bought … exactly … times in the last … calendar days"),
    ),
    "property_more": (
        _("has done … where … more than … times in the last … calendar days"),
        _("has bought … where … more than … times in the last … calendar days"),
    ),
    "property_less": (
        _("has done … where … less than … times in the last … calendar days"),
        _("has bought … where … less than … times in the last … calendar days"),
    ),
    "property_exactly": (
        _("has done … where … exactly … times in the last … calendar days"),
        _("has bought … where … exactly … times in the last … calendar days"),
    ),
    "first_before": (_("first did … before …"), _("first bought … before …")),
    "first_after": (_("first did … after …"), _("first bought … after …")),
    "first_more_ago": (
        _("first did … more than … days ago"),
        _("first bought … more than … days ago"),
    ),
    "first_less_ago": (
        _("first did … less than … days ago"),
        _("first bought … less than … days ago"),
    ),
    "last_before": (_("last did … before …"), _("last bought … before …")),
    "last_after": (_("last did … after …"), _("last bought … after …")),
    "last_more_ago": (
        _("last did … more than … days ago"),
        _("last bought … more than … days ago"),
    ),
    "last_less_ago": (
        _("last did … less than … days ago"),
        _("last bought … less than … days ago"),
    ),
}
