"""Filters over what people did: custom events, purchases and sessions."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, cast

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
from segments.filters.event_operators import (
    ABOUT_ONE,
    ASKED,
    FIGURES,
    FIRST,
    LAST,
    SPENDING,
    EventOperator,
    ever,
    timing,
    worded,
)
from segments.filters.in_words import in_words
from segments.filters.part_fields import COMPARISONS
from workspaces.models import Workspace


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
        **worded(ASKED, {name: done for name, (done, _bought) in ABOUT_ONE.items()}),
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
        **worded(ASKED, {name: bought for name, (_done, bought) in ABOUT_ONE.items()}),
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
    operators = worded(ASKED, FIGURES)


@register
class MoneySpent(Purchase):
    """The amounts of all purchases of a person, in US dollars."""

    kind = "money_spent"
    name = _("Money spent")
    operators = worded(SPENDING, FIGURES)


@register
class FirstPurchase(Purchase):
    kind = "first_purchase"
    name = _("First made purchase")
    operators = dict(timing(FIRST))


@register
class LastPurchase(Purchase):
    kind = "last_purchase"
    name = _("Last made purchase")
    operators = dict(timing(LAST))


# Sessions


class Session(EventFilter):
    category = _("Sessions")
    event_kind = EventKind.SESSION


@register
class SessionCount(Session):
    kind = "session_count"
    name = _("Session count")
    operators = worded(ASKED, FIGURES)


@register
class FirstUsed(Session):
    kind = "first_used"
    name = _("First used app")
    operators = dict(timing(FIRST))


@register
class LastUsed(Session):
    kind = "last_used"
    name = _("Last used app")
    operators = dict(timing(LAST))
