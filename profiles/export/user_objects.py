"""What the exports of the REST API say of a person: Braze's user object, for many at a time.

A field that says nothing (null, or an empty text) is left out, as Braze leaves it out; a list or an
object is always there when it was asked for, empty or not. What the portal does not know yet has
its place in ``FIELDS`` all the same: every name that Braze documents can be asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from profiles.models import (
    Alias,
    Device,
    EventKind,
    EventTotal,
    Profile,
    PushToken,
    Subscription,
)
from profiles.standard import ATTRIBUTES, Holds

type UserObject = dict[str, Any]

_EXPORTED = [each for each in ATTRIBUTES if each.is_exported]
#: Fields that are a column of ``Profile``, by the name of that column.
PLAIN = tuple(
    sorted(
        {"braze_id", "external_id", "random_bucket"}.union(
            each.column for each in _EXPORTED if each.holds is Holds.TEXT
        )
    )
)
DAYS = tuple(each.column for each in _EXPORTED if each.holds is Holds.DAY)
#: Lists of what messages did, and of cards: nothing was sent yet.
NOTHING_YET = ("campaigns_received", "canvases_received", "cards_clicked")
#: What only attribution partners and uninstall tracking know.
UNKNOWN = (
    "attributed_ad",
    "attributed_adgroup",
    "attributed_campaign",
    "attributed_source",
    "uninstalled_at",
)


@dataclass(frozen=True)
class Asked:
    """What to say of each person.

    ``custom`` names the custom attributes, None is all of them. Custom events and purchases that
    nobody repeated since ``since`` are left out; None leaves out none.
    """

    fields: frozenset[str]
    custom: frozenset[str] | None = None
    since: datetime | None = None


def user_objects(ids: Sequence[int], asked: Asked) -> list[UserObject]:
    """Return the user objects of the profiles ``ids``, in their order; those gone are left out.

    One query for the people, and one more for each table that ``asked`` needs, however many people
    there are.
    """
    columns = {"id", *(asked.fields.intersection(PLAIN))}
    columns.update(*(_COLUMNS[field] for field in asked.fields if field in _COLUMNS))
    people = {row["id"]: row for row in Profile.objects.filter(pk__in=ids).values(*columns)}
    related = [read(ids, asked) for read, fields in _RELATED.items() if asked.fields & fields]
    found = []
    for pk in ids:
        if pk in people:
            said = _of_columns(people[pk], asked)
            for rows in related:
                said |= rows(pk)
            found.append(said)
    return found


def moment(time: datetime) -> str:
    """Write ``time`` as exports write it: ISO-8601 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# From the profile itself

_COLUMNS = {
    "created_at": ("created_at",),
    "custom_attributes": ("custom",),
    **{day: (day,) for day in DAYS},
    "last_coordinates": ("longitude", "latitude"),
    "push_subscribe": ("push_subscribe_at",),
}


def _of_columns(row: dict[str, Any], asked: Asked) -> UserObject:
    said = {name: row[name] for name in PLAIN if row.get(name) not in (None, "")}
    if created_at := row.get("created_at"):
        said["created_at"] = moment(created_at)
    for name in DAYS:
        if day := row.get(name):
            said[name] = day.isoformat()
    if row.get("longitude") is not None and row.get("latitude") is not None:
        said["last_coordinates"] = [row["longitude"], row["latitude"]]
    if row.get("push_subscribe_at") and row["push_subscribe"] == Subscription.OPTED_IN:
        said["push_opted_in_at"] = moment(row["push_subscribe_at"])
    if "custom" in row:
        said["custom_attributes"] = _chosen(row["custom"], asked.custom)
    return said | {name: [] for name in NOTHING_YET if name in asked.fields}


def _chosen(custom: dict[str, Any], names: Collection[str] | None) -> dict[str, Any]:
    if names is None:
        return custom
    return {name: value for name, value in custom.items() if name in names}


# From the tables about people: each reads the rows of all ``ids`` at once, and says what they come
# to for one of them

type Said = Callable[[int], UserObject]


class Total(NamedTuple):
    """A row of ``EventTotal``: a model for each of many thousands would take as long again."""

    kind: str
    name: str
    times: int
    spent: Decimal
    first_at: datetime
    last_at: datetime


def _aliases(ids: Sequence[int], asked: Asked) -> Said:
    rows = Alias.objects.filter(profile__in=ids).order_by("label", "name")
    names = _grouped(
        (pk, {"alias_name": name, "alias_label": label})
        for pk, label, name in rows.values_list("profile_id", "label", "name")
    )
    return lambda pk: {"user_aliases": names.get(pk, [])}


def _devices(ids: Sequence[int], asked: Asked) -> Said:
    rows = Device.objects.filter(profile__in=ids).order_by("pk")
    devices = _grouped(
        (pk, {"device_id": device}) for pk, device in rows.values_list("profile_id", "device_id")
    )
    return lambda pk: {"devices": devices.get(pk, [])}


def _push_tokens(ids: Sequence[int], asked: Asked) -> Said:
    rows = PushToken.objects.filter(profile__in=ids).order_by("pk")
    tokens = _grouped(
        (pk, {"app": app, "token": token} | ({"device_id": device} if device else {}))
        for pk, app, token, device in rows.values_list("profile_id", "app_id", "token", "device_id")
    )
    return lambda pk: {"push_tokens": tokens.get(pk, [])}


def _totals(ids: Sequence[int], asked: Asked) -> Said:
    """What people did: events, purchases with what they spent, and sessions by app."""
    columns = ("profile_id", "kind", "name", "count", "spent", "first_at", "last_at")
    rows = EventTotal.objects.filter(profile__in=ids).order_by("name")
    totals = _grouped((pk, Total(*total)) for pk, *total in rows.values_list(*columns))

    def said(pk: int) -> UserObject:
        by_kind = _grouped((total.kind, total) for total in totals.get(pk, []))
        bought = by_kind.get(EventKind.PURCHASE, [])
        return {
            field: value
            for field, value in (
                ("custom_events", _done(by_kind.get(EventKind.CUSTOM, []), asked.since)),
                ("purchases", _done(bought, asked.since)),
                ("total_revenue", float(sum(total.spent for total in bought))),
                ("apps", [_app(total) for total in by_kind.get(EventKind.SESSION, [])]),
            )
            if field in asked.fields
        }

    return said


def _done(totals: Iterable[Total], since: datetime | None) -> list[UserObject]:
    return [
        {
            "name": total.name,
            "first": moment(total.first_at),
            "last": moment(total.last_at),
            "count": total.times,
        }
        for total in totals
        if since is None or total.last_at >= since
    ]


def _app(total: Total) -> UserObject:
    return {
        "name": total.name,
        "sessions": total.times,
        "first_used": moment(total.first_at),
        "last_used": moment(total.last_at),
    }


def _grouped[Key, Row](pairs: Iterable[tuple[Key, Row]]) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups


_RELATED: dict[Callable[[Sequence[int], Asked], Said], frozenset[str]] = {
    _aliases: frozenset({"user_aliases"}),
    _devices: frozenset({"devices"}),
    _push_tokens: frozenset({"push_tokens"}),
    _totals: frozenset({"custom_events", "purchases", "total_revenue", "apps"}),
}

#: All that may be asked for.
FIELDS = frozenset(
    {*PLAIN, *_COLUMNS, *NOTHING_YET, *UNKNOWN, *frozenset().union(*_RELATED.values())}
)
