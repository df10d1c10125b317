"""Many calls at once: nothing is lost, nobody is made twice, no call fails."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection

from profiles.models import Alias, EventTotal, Profile
from tests.cohorts.test_import_concurrency import database_url, deadlocks
from tests.worlds.factories import ProfileFactory, WorkspaceFactory
from tests.worlds.track_calls import Tracker, event, tracker_of

pytestmark = pytest.mark.django_db(transaction=True)

ALIAS = {"alias_label": "crm", "alias_name": "7"}


@pytest.fixture
def api() -> Tracker:
    return tracker_of(WorkspaceFactory())


def at_once(api: Tracker, calls: list[list[dict[str, Any]]]) -> list[int]:
    """Send each list of bodies from a thread of its own; return the statuses."""

    def send(bodies: list[dict[str, Any]]) -> list[int]:
        try:
            client = Tracker(api.workspace, api.secret)
            return [client.post("/users/track", body).status_code for body in bodies]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [status for found in pool.map(send, calls) for status in found]


def test_two_threads_increment_and_lose_nothing(api: Tracker) -> None:
    people = ["ann", "bob", "eve"]
    for external_id in people:
        ProfileFactory(workspace=api.workspace, external_id=external_id)

    def body(order: int) -> dict[str, Any]:
        items = [{"external_id": who, "n": {"inc": 1}} for who in people[::order]]
        return {"attributes": items, "events": [event(external_id=who) for who in people[::order]]}

    before = deadlocks()
    statuses = at_once(api, [[body(1)] * 25, [body(-1)] * 25])
    assert statuses == [201] * 50
    assert [api.person(who).custom for who in people] == [{"n": 50}] * 3
    assert set(EventTotal.objects.values_list("count", flat=True)) == {50}
    assert deadlocks() == before


@pytest.mark.parametrize(
    "who",
    [
        {"external_id": "ann"},
        {"email": "ann@example.com"},
        {"phone": "+15551234567"},
        {"user_alias": ALIAS, "_update_existing_only": False},
    ],
    ids=lambda who: next(iter(who)),
)
def test_new_person_of_many_calls_is_made_once(api: Tracker, who: dict[str, Any]) -> None:
    body = {"attributes": [who | {"n": {"inc": 1}}]}
    assert at_once(api, [[body] * 5] * 4) == [201] * 20
    assert Profile.objects.get().custom == {"n": 20}
    assert Alias.objects.count() == ("user_alias" in who)


def test_new_people_in_any_order_do_not_collide(api: Tracker) -> None:
    names = [f"user-{n}" for n in range(20)]
    mixed = [{"email": "x@example.com"}, {"phone": "+15551234567"}]

    def body(order: int) -> dict[str, Any]:
        people = [*({"external_id": name} for name in names), *mixed]
        return {"attributes": [who | {"n": {"inc": 1}} for who in people[::order]]}

    assert at_once(api, [[body(1)] * 3, [body(-1)] * 3] * 2) == [201] * 12
    assert [person.custom for person in Profile.objects.all()] == [{"n": 12}] * 22


def test_people_held_too_long_are_told(api: Tracker, settings: Any) -> None:
    settings.IMPORT_LOCK_TIMEOUT = "50ms"
    api.say(x=1)
    with psycopg.connect(database_url()) as other:
        other.execute("select from profiles_profile for update")
        response = api.post("/users/track", {"attributes": [{"external_id": "ann", "x": 2}]})
    assert (response.status_code, response.json()) == (423, {"message": "Resource locked"})
    assert api.person().custom == {"x": 1}


def test_person_deleted_in_mid_call_is_made_anew(api: Tracker) -> None:
    api.say("ann", x=1)
    with psycopg.connect(database_url()) as other, ThreadPoolExecutor(1) as pool:
        other.execute("delete from profiles_profile")
        items = [{"external_id": "ann", "x": {"inc": 1}}]
        call = pool.submit(at_once, api, [[{"attributes": items}]])
        while not waiting():
            pass
        other.commit()
        assert call.result() == [201]
    assert api.person().custom == {"x": 1}


def waiting() -> bool:
    """Tell whether a call waits for people whom another transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute("select from pg_stat_activity where wait_event_type = 'Lock'")
        return cursor.fetchone() is not None
