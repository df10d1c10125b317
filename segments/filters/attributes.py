"""Filters over what is known of a person: standard and custom attributes."""

import json
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from re import ASCII, fullmatch
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.conf.locale import LANG_INFO
from django.db import connection
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from profiles.models import AttributeType, Gender, Profile, Subscription
from segments.filters import fields, operators, part_fields
from segments.filters.base import Choices, Filter, Label, Labels, Operator, Query, Value, register
from segments.filters.in_words import in_words
from workspaces.models import Workspace

#: How many attributes of a type the menu names; the others are asked for by name.
MOST_OFFERED = 50
#: PostgreSQL's number of the type jsonb, which a plain cursor gives as text.
JSONB = 3802


class AttributeFilter(Filter):
    """A filter that looks at one column ``x`` of the profile, null where there is no value."""

    name: ClassVar[Label]
    column: ClassVar[str]

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        yield "", cls.name

    def query(self, workspace: Workspace, now: datetime) -> Query:
        return self._where(workspace, self.positive.sql, self.positive.params(self.value, now))

    def test(self, now: datetime) -> Query:
        return Query(
            f"(select {self.positive.sql} from (select {self.column} as x) as person)",  # noqa: S608
            (*self.positive.params(self.value, now), *self._named),
        )

    def restless(self, workspace: Workspace, now: datetime, until: datetime) -> Query | None:
        params = self.positive.flips_params(self.value, now, until)
        return self._where(workspace, self.positive.flips, params)

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        sql = f"select {self.column} from profiles_profile where id = %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [*self._named, profile.pk])
            (value,) = cursor.fetchone() or (None,)
            is_json = cursor.description[0].type_code == JSONB
        names = dict(self.choices(workspace, self.subject))
        if value in names:
            return str(names[value])
        return self.seen_in_words(json.loads(value) if is_json and value else value)

    def seen_in_words(self, value: Any) -> str:
        """Say a value of the column."""
        return in_words(value)

    @property
    def _named(self) -> tuple[str, ...]:
        return (self.subject,) * self.column.count("%s")

    def _where(self, workspace: Workspace, predicate: str, params: Value) -> Query:
        return Query(
            f"select id from (select id, {self.column} as x from profiles_profile "  # noqa: S608
            f"where workspace_id = %s) as person where {predicate}",
            (*self._named, workspace.pk, *params),
        )


class CustomAttributeFilter(AttributeFilter):
    """A filter over a custom attribute, read as ``type``: values of other types count as none."""

    category = _("Custom attributes")
    type: ClassVar[AttributeType]

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        return ((name, name) for name in cls._names(workspace))

    @classmethod
    def offered(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        return ((name, name) for name in cls._names(workspace)[:MOST_OFFERED])

    @classmethod
    def _names(cls, workspace: Workspace) -> QuerySet[Any, str]:
        known = workspace.custom_attributes.filter(type=cls.type)
        return known.order_by("name").values_list("name", flat=True)

    @classmethod
    def label(cls, workspace: Workspace, subject: str) -> Label:
        return subject


@register
class CustomString(CustomAttributeFilter):
    kind = "custom_string"
    type = AttributeType.STRING
    column = "case when jsonb_typeof(custom -> %s) = 'string' then custom ->> %s end"
    operators = operators.STRING


@register
class CustomNumber(CustomAttributeFilter):
    kind = "custom_number"
    type = AttributeType.NUMBER
    column = "case when jsonb_typeof(custom -> %s) = 'number' then custom -> %s end"
    operators = operators.NUMBER


@register
class CustomBoolean(CustomAttributeFilter):
    kind = "custom_boolean"
    type = AttributeType.BOOLEAN
    column = "case when jsonb_typeof(custom -> %s) = 'boolean' then (custom -> %s)::boolean end"
    operators = operators.BOOLEAN


@register
class CustomArray(CustomAttributeFilter):
    kind = "custom_array"
    type = AttributeType.ARRAY
    column = "case when jsonb_typeof(custom -> %s) = 'array' then custom -> %s end"
    operators = operators.ARRAY


@register
class CustomTime(CustomAttributeFilter):
    kind = "custom_time"
    type = AttributeType.TIME
    # The C collation makes text order time order.
    column = (
        "case when jsonb_typeof(custom -> %s) = 'string' then (custom ->> %s) collate \"C\" end"
    )
    operators = operators.times("text")

    def seen_in_words(self, value: Any) -> str:
        return in_words((value and parse_datetime(value)) or value)


@register
class CustomObject(CustomAttributeFilter):
    kind = "custom_object"
    type = AttributeType.OBJECT
    column = "case when jsonb_typeof(custom -> %s) = 'object' then custom -> %s end"
    operators = operators.OBJECT

    def sentence(self, catalogue: Labels) -> str:
        """Say “company.name nested value equals Acorn”: the path belongs to the name."""
        if not self.value:
            return super().sentence(catalogue)
        path, *value = self.value
        operator = self.operators[self.operator].label
        return " ".join(map(str, [f"{self.subject}.{path}", operator, *value]))

    def seen_in_words(self, value: Any) -> str:
        """Say what stands at the path that is asked about."""
        for key in self.value[0].split(".") if self.value else ():
            value = _one_step(value, key)
        return in_words(value)


def custom_key(workspace: Workspace, name: str) -> str:
    """Return the key of the filter over the custom attribute ``name``; empty where none has it."""
    if "\0" in name:
        return ""
    found = workspace.custom_attributes.filter(name=name).values_list("type", flat=True).first()
    classes = CustomAttributeFilter.__subclasses__()
    return next((each(name, "", ()).key for each in classes if each.type == found), "")


def _one_step(value: Any, key: str) -> Any:
    """Go one key down, or one place into an array, as PostgreSQL's ``#>`` does."""
    if isinstance(value, list) and fullmatch(r"-?\d{1,9}", key, ASCII):
        place = int(key)
        return value[place] if -len(value) <= place < len(value) else None
    return value.get(key) if isinstance(value, dict) else None


class Demographic(AttributeFilter):
    category = _("Demographic attributes")


class Contact(AttributeFilter):
    category = _("Contact and subscription")


@register
class Country(Demographic):
    kind = "country"
    name = _("Country")
    column = "nullif(country, '')"
    operators = operators.STRING


@register
class City(Demographic):
    kind = "city"
    name = _("City")
    column = "nullif(home_city, '')"
    operators = operators.STRING


@register
class Language(Demographic):
    kind = "language"
    name = _("Language")
    column = "nullif(language, '')"
    operators = operators.PICK | operators.BLANK

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        named = {
            code: gettext(info["name"])
            for code, info in LANG_INFO.items()
            if len(code) == 2 and "name" in info
        }
        return sorted(named.items(), key=lambda choice: choice[1])


@register
class TimeZone(Demographic):
    kind = "time_zone"
    name = _("Time zone")
    column = "nullif(time_zone, '')"
    operators = operators.PICK | operators.BLANK

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        return [(zone, zone) for zone in sorted(available_timezones())]


@register
class GenderIs(Demographic):
    kind = "gender"
    name = _("Gender")
    column = "nullif(gender, '')"
    operators = operators.PICK | operators.BLANK

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        return Gender.choices


@register
class FirstName(Demographic):
    kind = "first_name"
    personal = True
    name = _("First name")
    column = "nullif(first_name, '')"
    operators = operators.STRING


@register
class LastName(Demographic):
    kind = "last_name"
    personal = True
    name = _("Last name")
    column = "nullif(last_name, '')"
    operators = operators.STRING


@register
class Birthday(Demographic):
    kind = "birthday"
    personal = True
    name = _("Date of birth")
    column = "dob"
    operators: ClassVar[dict[str, Operator]] = {
        name: operators.times("date")[name] for name in ("before", "after", "blank", "not_blank")
    }


#: Month and day; a birthday of 29 February is counted with 1 March, as Braze does.
DAY_OF_BIRTH = "replace(to_char(dob, 'MM-DD'), '02-29', '03-01')"


def on_that_day(value: Value, now: datetime) -> Value:
    day, month = value
    return ("03-01" if (day, month) == (29, 2) else f"{month:02}-{day:02}",)


def today(value: Value, now: datetime) -> Value:
    return days_from_today((0,), now)


def days_from_today(value: Value, now: datetime) -> Value:
    """Bind the days of the year from today until so many days later."""
    days = (now.date() + timedelta(days=ahead) for ahead in range(value[0] + 1))
    return ([day.strftime("%m-%d") for day in days],)


@register
class DayOfBirthday(Demographic):
    """The day of the year on which a person has birthday; “today” moves at midnight."""

    kind = "birthday_day"
    personal = True
    name = _("Birthday")
    column = DAY_OF_BIRTH
    operators: ClassVar[dict[str, Operator]] = {
        "today": Operator(_("is today"), fields.nothing, "x = any(%s)", today),
        "on": Operator(_("is on"), part_fields.day_of_year, "x = %s", on_that_day),
        "ahead": Operator(
            _("is in the next … days"), part_fields.days_ahead, "x = any(%s)", days_from_today
        ),
    } | operators.BLANK

    def settled_until(self, now: datetime) -> datetime | None:
        drifts = self.operator in ("today", "ahead")
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        return tomorrow if drifts else None

    def restless(self, workspace: Workspace, now: datetime, until: datetime) -> Query | None:
        return None

    def seen_in_words(self, value: Any) -> str:
        month, day = map(int, value.split("-")) if value else (0, 0)
        return day_in_words(day, month) if value else ""

    def value_in_words(self, catalogue: Labels) -> str:
        return day_in_words(*self.value) if self.operator == "on" else str(self.value[0])


def day_in_words(day: int, month: int) -> str:
    return date_format(date(part_fields.LEAP_YEAR, month, day), "MONTH_DAY_FORMAT")


#: The day from which a year of life is counted.
BORN = "(x + (to_char(x, 'MM-DD') = '02-29')::int)"
YEARS = f"extract(year from age(%s::date, {BORN}))"


def years_on_that_day(value: Value, now: datetime) -> Value:
    return (now.date(), value[0])


def both_days(value: Value, now: datetime, until: datetime) -> Value:
    return (now.date(), until.astimezone(now.tzinfo).date())


@register
class Age(Demographic):
    kind = "age"
    personal = True
    name = _("Age")
    # A birthday of 29 February is counted with 1 March, as Braze does.
    column = "dob"
    operators: ClassVar[dict[str, Operator]] = {
        name: Operator(
            operators.NUMBER[name].label,
            fields.number,
            f"{YEARS} {sign} %s",
            years_on_that_day,
            flips=f"{YEARS} <> {YEARS}",
            flips_params=both_days,
        )
        for name, sign in (("exactly", "="), ("more", ">"), ("less", "<"))
    } | operators.BLANK


@register
class EmailAddress(Contact):
    kind = "email"
    personal = True
    name = _("Email address")
    column = "nullif(email, '')"
    operators = operators.STRING


#: Has an address, has not unsubscribed, has not hard-bounced, has not marked mail as spam.
EMAIL_AVAILABLE = (
    "email <> '' and email_subscribe <> 'unsubscribed' "
    "and email_hard_bounced_at is null and email_marked_spam_at is null"
)


@register
class EmailAvailable(Contact):
    kind = "email_available"
    name = _("Email available")
    column = f"({EMAIL_AVAILABLE})"
    operators: ClassVar[dict[str, Operator]] = {
        "true": Operator(_("is true"), fields.nothing, "x"),
        "false": Operator(_("is false"), fields.nothing, negates="true"),
    }


class SubscriptionState(Contact):
    operators: ClassVar[dict[str, Operator]] = {
        "is": Operator(
            pgettext_lazy("a state", "is"), fields.pick, "x = any(%s)", operators.as_array
        ),
        "is_not": Operator(pgettext_lazy("a state", "is not"), fields.pick, negates="is"),
    }

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        return Subscription.choices


@register
class EmailSubscription(SubscriptionState):
    kind = "email_subscribe"
    name = _("Email subscription status")
    column = "email_subscribe"


@register
class PushSubscription(SubscriptionState):
    kind = "push_subscribe"
    name = _("Push subscription status")
    column = "push_subscribe"


@register
class PhoneNumber(Contact):
    kind = "phone"
    personal = True
    name = _("Phone number")
    column = "nullif(phone, '')"
    operators = operators.STRING


class OtherAttribute(AttributeFilter):
    category = _("Other filters")


@register
class Identified(OtherAttribute):
    """Whether a person has an external id; all others are anonymous."""

    kind = "identified"
    name = _("Identified user")
    column = "(external_id is not null)"
    operators: ClassVar[dict[str, Operator]] = {
        "true": Operator(_("is true"), fields.nothing, "x"),
        "false": Operator(_("is false"), fields.nothing, negates="true"),
    }


@register
class ExternalUserId(OtherAttribute):
    kind = "external_id"
    name = _("External user ID")
    column = "external_id"
    operators = operators.STRING


@register
class CreatedAt(OtherAttribute):
    kind = "created_at"
    name = _("Created at")
    column = "created_at"
    operators: ClassVar[dict[str, Operator]] = {
        name: operators.times("timestamptz")[name]
        for name in ("before", "after", "more_ago", "less_ago")
    }


@register
class RandomBucket(OtherAttribute):
    kind = "random_bucket"
    name = _("Random bucket #")
    column = "random_bucket"
    operators: ClassVar[dict[str, Operator]] = {
        "between": Operator(_("is between"), fields.buckets, "x between %s and %s"),
        "not_between": Operator(_("is not between"), fields.buckets, negates="between"),
    }

    def value_in_words(self, catalogue: Labels) -> str:
        low, high = self.value
        return gettext("%(low)s and %(high)s") % {"low": low, "high": high}


#: Whom e-mail can reach, as a filter to intersect with.
EMAIL_IS_AVAILABLE = EmailAvailable("", "true", ())
#: Who has an external id.
IDENTIFIED = Identified("", "true", ())
