"""What people did: custom events, purchases and sessions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from braze_portal.environment import rates
from profiles.models import Event, EventTotal
from tests.worlds.track_calls import TIME, Tracker, event, purchase, tracker_of
from workspaces.models import Workspace

NINE = datetime(2026, 2, 15, 9, tzinfo=UTC)


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


def test_event_is_kept_as_it_came(api: Tracker) -> None:
    said = {"plan": "pro", "steps": 3, "ids": [1, 1], "gone": None, "cart": [{"n": 1, "m": None}]}
    api.track(events=[event(app_id="web", properties=said)])
    kept = Event.objects.get()
    assert (kept.profile, kept.kind, kept.name) == (api.person(), "custom", "Signed up")
    assert (kept.time, kept.app_id, kept.amount) == (NINE, "web", None)
    assert kept.properties == {"plan": "pro", "steps": 3, "ids": [1, 1], "cart": [{"n": 1}]}


@pytest.mark.parametrize(
    "time", [TIME, "2026-02-15T10:00:00+01:00", "2026-02-15 04:00:00 -0500", "2026-02-15T09:00:00"]
)
def test_time_is_taken_in_each_spelling(api: Tracker, time: str) -> None:
    api.track(events=[event(time=time)], purchases=[purchase(time=time)])
    assert set(Event.objects.values_list("time", flat=True)) == {NINE}


@pytest.mark.parametrize(
    "time", ["1900-01-01T00:00:00+00:00", "1969-12-31T23:59:59.999999+00:00", NINE.isoformat()]
)
def test_time_is_kept_to_the_microsecond(api: Tracker, time: str) -> None:
    odd = "2026-02-15T09:00:00.123457+00:00"
    api.track(events=[event(time=time), event(time=odd)])
    kept = Event.objects.order_by("pk").values_list("time", flat=True)
    assert [moment.isoformat() for moment in kept] == [time, odd]


def test_time_yet_to_come_is_now(api: Tracker) -> None:
    api.track(events=[event(time="2199-01-01T00:00:00Z")])
    assert Event.objects.get().time <= timezone.now()


def test_event_sent_twice_is_two_events(api: Tracker) -> None:
    assert api.track(events=[event(), event()])["events_processed"] == 2
    assert EventTotal.objects.get().count == 2


def test_purchase_of_three_is_three_purchases(api: Tracker) -> None:
    api.track(purchases=[purchase(quantity=3, price=1.5, app_id="web", properties={"size": "L"})])
    total = EventTotal.objects.get()
    assert (total.kind, total.name, total.count) == ("purchase", "Hat", 3)
    assert total.spent == Decimal("4.5")
    assert list(Event.objects.values_list("amount", "properties", "app_id")) == (
        [(Decimal("1.5"), {"size": "L"}, "web")] * 3
    )


@pytest.mark.parametrize(("currency", "amount"), [("EUR", "10.8"), ("gbp", "10"), ("USD", "10")])
def test_purchase_is_kept_in_dollars(
    api: Tracker, settings: Any, currency: str, amount: str
) -> None:
    settings.EXCHANGE_RATES = {"EUR": Decimal("1.08")}
    api.track(purchases=[purchase(currency=currency, price=10, properties={"size": "L"})])
    bought = Event.objects.get()
    paid = {} if currency == "USD" else {"$currency": currency.upper(), "$price": 10}
    assert (bought.amount, bought.properties) == (Decimal(amount), {"size": "L"} | paid)


def test_rates_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_RATES", "EUR=1.08 gbp=1.27")
    assert rates("EXCHANGE_RATES") == {"EUR": Decimal("1.08"), "GBP": Decimal("1.27")}


def sessions(api: Tracker) -> list[tuple[str, int]]:
    rows = api.person().events.filter(kind="session").order_by("time")
    return [(row.name, row.time.year) for row in rows]


def test_dates_of_sessions_are_sessions_that_were_not_known(api: Tracker) -> None:
    api.say(date_of_first_session="2020-01-01T00:00:00Z", app_id="web")
    api.say(date_of_first_session="2021-01-01T00:00:00Z")
    api.say(date_of_last_session="2020-01-01T00:00:00Z")
    assert sessions(api) == [("web", 2020)]
    both = {"date_of_first_session": "2019-01-01T00:00:00Z", "date_of_last_session": TIME}
    api.say(**both)
    api.say(**both)
    assert sessions(api) == [("", 2019), ("web", 2020), ("", 2026)]


def test_one_date_for_both_is_one_session(api: Tracker) -> None:
    both = {"date_of_first_session": TIME, "date_of_last_session": TIME}
    items = [{"external_id": "ann"} | both, {"external_id": "ann", "date_of_last_session": TIME}]
    api.track(attributes=items)
    assert sessions(api) == [("", 2026)]


def test_last_session_yet_to_come_is_now(api: Tracker) -> None:
    later = (timezone.now() + timedelta(days=9)).isoformat()
    api.say(date_of_last_session=later)
    assert api.person().events.get().time <= timezone.now()


def test_arrays_apply_in_order(api: Tracker) -> None:
    answer = api.track(
        purchases=[purchase()],
        events=[event()],
        attributes=[{"external_id": "ann", "date_of_first_session": TIME}],
        partner="segment",
    )
    assert answer == {
        "message": "success",
        "attributes_processed": 1,
        "events_processed": 1,
        "purchases_processed": 1,
    }
    kinds = Event.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["session", "custom", "purchase"]


def test_events_stay_with_those_whose_they_are(api: Tracker) -> None:
    """Also where some are of people who are not made, or bought several, or had a session."""
    api.say("bob")
    nobody: dict[str, Any] = {"external_id": "nobody", "_update_existing_only": True}
    api.track(
        attributes=[{"external_id": "ann", "date_of_first_session": TIME}],
        events=[event(name="a"), event(name="b") | nobody, event(name="c", external_id="bob")],
        purchases=[
            purchase(product_id="d", quantity=2),
            purchase(product_id="e") | nobody,
            purchase(product_id="f", external_id="bob"),
        ],
    )
    api.track(
        events=[event(name="g", external_id="bob"), event(name="h") | nobody, event(name="i")]
    )
    did = Event.objects.order_by("pk").values_list("profile__external_id", "name")
    assert list(did) == [
        *[("ann", ""), ("ann", "a"), ("bob", "c")],
        *[("ann", "d"), ("ann", "d"), ("bob", "f")],
        *[("bob", "g"), ("ann", "i")],
    ]


@pytest.mark.parametrize("name", ["\x00", "\ud800", "x" * 5000, "", None, 7, ["ann"]])
def test_a_name_that_nobody_can_have_does_not_disturb_the_others(api: Tracker, name: Any) -> None:
    answer = api.track(events=[event(external_id=name), event()])
    assert answer["events_processed"] == 1
    assert [error["index"] for error in answer["errors"]] == [0]
    assert Event.objects.get().profile == api.person()
