"""Filters over what people did: custom events, purchases and sessions.

What someone ever did is read from the totals of each person alone. What they did in the last days
is read from the events of those days, which are calendar days in UTC as Braze has them: "1 day"
goes back to the start of yesterday.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import eq, gt, lt
from typing import Any, ClassVar, cast

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from profiles.models import EventKind, Profile
from segments.filters import fields, operators, part_fields
from segments.filters.base import (
    Filter,
    Label,
    Labels,
    Operator,
    Query,
    Since,
    Value,
    changed_in,
    register,
)
from segments.filters.in_words import in_words
from segments.filters.part_fields import COMPARISONS, as_number
from workspaces.models import Workspace


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


class EventFilter(Filter):
    """A filter over the events of ``event_kind``; only over those named ``subject``, if given."""

    name: ClassVar[Label]
    event_kind: ClassVar[EventKind]

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        yield "", cls.name

    @property
    def negative(self) -> bool:
        return super().negative != self._turned

    def query(self, workspace: Workspace, now: datetime) -> Query:
        asked = self.positive
        predicate = f"not ({asked.sql})" if self._turned else asked.sql
        return self._where(workspace, now, predicate, asked.params(self.value, now))

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        """Ask the totals, which are written whenever an event is: of all kinds and names, by the
        index of what changed. The index of names would read everybody who ever did this.
        """
        return changed_in("profiles_eventtotal", "profile_id", workspace, since)

    def settled_until(self, now: datetime) -> datetime | None:
        if self._asked.source is not ever:
            return operators.midnight(now) + timedelta(days=1)
        return super().settled_until(now)

    def restless(self, workspace: Workspace, now: datetime, until: datetime) -> Query | None:
        if not self.positive.flips:
            return None
        params = self.positive.flips_params(self.value, now, until)
        return self._where(workspace, now, self.positive.flips, params)

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        """Say the figure that is compared."""
        figures = self._figures(workspace, now)
        sql = f"select x from ({figures.sql}) as person where profile_id = %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [*figures.params, profile.pk])
            row = cursor.fetchone()
        return in_words(row[0]) if row else self._asked.figure.of_nobody

    def sentence(self, catalogue: Labels) -> str:
        """Put what was entered into the gaps of the operator, and the event into the first gap
        if there is one more: “has done Signed up more than 3 times in the last 7 calendar days”.
        """
        words, (start, *gaps) = self.words(), str(self.operators[self.operator].label).split("…")
        if len(gaps) > len(words):
            words = [self.subject, *words]
        else:
            start = f"{catalogue.label(self)} {start}"
        gaps += [""] * (len(words) - len(gaps))
        filled = (f"{word}{after}" for word, after in zip(words, gaps, strict=True))
        return " ".join([start.strip(), "".join(filled)]).strip()

    def words(self) -> list[str]:
        """Say the parts of the value, one for each gap in the operator."""
        if self.operators[self.operator].field is not part_fields.property_count_in_days:
            return [str(part) for part in self.value]
        name, comparison, wanted, *rest = map(str, self.value)
        return [f"{name} {dict(COMPARISONS)[comparison]} {wanted}", *rest]

    @property
    def _asked(self) -> EventOperator:
        return cast(EventOperator, self.positive)

    @property
    def _turned(self) -> bool:
        """Whether the query finds those for whom the operator does not hold."""
        return self._asked.holds_for_nobody(self.value)

    def _named(self, workspace: Workspace) -> tuple[str, Value]:
        named, params = "workspace_id = %s and kind = %s", (workspace.pk, str(self.event_kind))
        return (
            (f"{named} and name = %s", (*params, self.subject)) if self.subject else (named, params)
        )

    def _figures(self, workspace: Workspace, now: datetime) -> Query:
        """Select each person who has rows, with the figure as ``x``."""
        source = self._asked.source(self._asked.figure, self.value, now)
        named, params = self._named(workspace)
        return Query(
            f"select profile_id, {source.figure} as x from {source.table} "  # noqa: S608
            f"where {named} {source.where} group by profile_id",
            (*params, *source.params),
        )

    def _where(self, workspace: Workspace, now: datetime, predicate: str, params: Value) -> Query:
        figures = self._figures(workspace, now)
        return Query(
            f"select profile_id from ({figures.sql}) as person where {predicate}",  # noqa: S608
            (*figures.params, *params),
        )


# Operators

SIGNS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "exactly": ("=", eq),
    "more": (">", gt),
    "less": ("<", lt),
}


def counting(
    labels: dict[str, Label], field: Any, figure: Figure = COUNT, *, at: int = 0, **more: Any
) -> dict[str, EventOperator]:
    """Operators that compare a figure with the part of the value that stands ``at``."""

    def holds_for_nobody(compare: Callable[[Any, Any], bool], value: Value) -> bool:
        return compare(0, value[at])

    return {
        name: EventOperator(
            label,
            field,
            f"x {SIGNS[name][0]} %s::numeric",
            lambda value, now: (value[at],),
            figure=figure,
            holds_for_nobody=partial(holds_for_nobody, SIGNS[name][1]),
            **more,
        )
        for name, label in labels.items()
    }


def timing(labels: dict[str, Label], figure: Figure) -> dict[str, Operator]:
    """Operators that compare the first or last time."""
    known = operators.times("timestamptz")
    return {
        name: EventOperator(
            label,
            known[name].field,
            known[name].sql,
            known[name].params,
            flips=known[name].flips,
            flips_params=known[name].flips_params,
            figure=figure,
        )
        for name, label in labels.items()
    }


def prefixed(prefix: str, some: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": each for name, each in some.items()}


PLAIN = {name: operators.NUMBER[name].label for name in SIGNS}
PLAIN_IN_DAYS = {
    "more": _("more than … in the last … calendar days"),
    "less": _("less than … in the last … calendar days"),
    "exactly": _("exactly … in the last … calendar days"),
}
PLAIN_TIMES = {
    name: operators.times("timestamptz")[name].label
    for name in ("before", "after", "more_ago", "less_ago")
}
COUNTED: dict[str, Operator] = {
    **counting(PLAIN, part_fields.count),
    **prefixed("days", counting(PLAIN_IN_DAYS, part_fields.count_in_days, source=in_days)),
}


# Custom events


@register
class CustomEvent(EventFilter):
    """Whether, how often and when a person did the custom event ``subject``."""

    kind = "custom_event"
    category = _("Custom events")
    event_kind = EventKind.CUSTOM
    operators: ClassVar[dict[str, Operator]] = {
        "done": EventOperator(_("has done …"), fields.nothing, "true"),
        "not_done": EventOperator(_("has not done …"), fields.nothing, negates="done"),
        **counting(
            {
                "exactly": _("has done … exactly … times"),
                "more": _("has done … more than … times"),
                "less": _("has done … less than … times"),
            },
            part_fields.count,
        ),
        **prefixed(
            "days",
            counting(
                {
                    "more": _("has done … more than … times in the last … calendar days"),
                    "less": _("has done … less than … times in the last … calendar days"),
                    "exactly": _("has done … exactly … times in the last … calendar days"),
                },
                part_fields.count_in_days,
                source=in_days,
            ),
        ),
        **prefixed(
            "property",
            counting(
                {
                    "more": _("has done … where … more than … times in the last … calendar days"),
                    "less": _("has done … where … less than … times in the last … calendar days"),
                    "exactly": _("has done … where … exactly … times in the last … calendar days"),
                },
                part_fields.property_count_in_days,
                at=3,
                source=in_days_with_property,
            ),
        ),
        **prefixed(
            "first",
            timing(
                {
                    "before": _("first did … before …"),
                    "after": _("first did … after …"),
                    "more_ago": _("first did … more than … days ago"),
                    "less_ago": _("first did … less than … days ago"),
                },
                FIRST,
            ),
        ),
        **prefixed(
            "last",
            timing(
                {
                    "before": _("last did … before …"),
                    "after": _("last did … after …"),
                    "more_ago": _("last did … more than … days ago"),
                    "less_ago": _("last did … less than … days ago"),
                },
                LAST,
            ),
        ),
    }

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        for name in workspace.event_names.filter(kind=cls.event_kind):
            yield name.name, name.name

    @classmethod
    def label(cls, workspace: Workspace, subject: str) -> Label:
        return subject


# Purchases


class Purchase(EventFilter):
    category = _("Purchase behaviour")
    event_kind = EventKind.PURCHASE


@register
class PurchasedProduct(Purchase):
    """Whether, how often and when a person bought the product ``subject``."""

    kind = "product"
    operators: ClassVar[dict[str, Operator]] = {
        "bought": EventOperator(_("has bought …"), fields.nothing, "true"),
        "not_bought": EventOperator(_("has not bought …"), fields.nothing, negates="bought"),
        **counting(
            {
                "exactly": _("has bought … exactly … times"),
                "more": _("has bought … more than … times"),
                "less": _("has bought … less than … times"),
            },
            part_fields.count,
        ),
        **prefixed(
            "days",
            counting(
                {
                    "more": _("has bought … more than … times in the last … calendar days"),
                    "less": _("has bought … less than … times in the last … calendar days"),
                    "exactly": _("has bought … exactly … times in the last … calendar days"),
                },
                part_fields.count_in_days,
                source=in_days,
            ),
        ),
        **prefixed(
            "property",
            counting(
                {
                    "more": _("has bought … where … more than … times in the last … calendar days"),
                    "less": _("has bought … where … less than … times in the last … calendar days"),
                    "exactly": _(
                        "has bought … where … exactly … times in the last … calendar days"
                    ),
                },
                part_fields.property_count_in_days,
                at=3,
                source=in_days_with_property,
            ),
        ),
        **prefixed(
            "first",
            timing(
                {
                    "before": _("first bought … before …"),
                    "after": _("first bought … after …"),
                    "more_ago": _("first bought … more than … days ago"),
                    "less_ago": _("first bought … less than … days ago"),
                },
                FIRST,
            ),
        ),
        **prefixed(
            "last",
            timing(
                {
                    "before": _("last bought … before …"),
                    "after": _("last bought … after …"),
                    "more_ago": _("last bought … more than … days ago"),
                    "less_ago": _("last bought … less than … days ago"),
                },
                LAST,
            ),
        ),
    }

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        for product in workspace.event_names.filter(kind=cls.event_kind):
            yield product.name, cls.label(workspace, product.name)

    @classmethod
    def label(cls, workspace: Workspace, subject: str) -> Label:
        return gettext("Product %(name)s") % {"name": subject}


@register
class PurchaseCount(Purchase):
    kind = "purchase_count"
    name = _("Number of purchases")
    operators = COUNTED


@register
class MoneySpent(Purchase):
    """The amounts of all purchases of a person, in US dollars."""

    kind = "money_spent"
    name = _("Money spent")
    operators: ClassVar[dict[str, Operator]] = {
        **counting(PLAIN, part_fields.money, SPENT),
        **prefixed(
            "days", counting(PLAIN_IN_DAYS, part_fields.money_in_days, SPENT, source=in_days)
        ),
    }


@register
class FirstPurchase(Purchase):
    kind = "first_purchase"
    name = _("First made purchase")
    operators = timing(PLAIN_TIMES, FIRST)


@register
class LastPurchase(Purchase):
    kind = "last_purchase"
    name = _("Last made purchase")
    operators = timing(PLAIN_TIMES, LAST)


# Sessions


class Session(EventFilter):
    category = _("Sessions")
    event_kind = EventKind.SESSION


@register
class SessionCount(Session):
    kind = "session_count"
    name = _("Session count")
    operators = COUNTED


@register
class FirstUsed(Session):
    kind = "first_used"
    name = _("First used app")
    operators = timing(PLAIN_TIMES, FIRST)


@register
class LastUsed(Session):
    kind = "last_used"
    name = _("Last used app")
    operators = timing(PLAIN_TIMES, LAST)
