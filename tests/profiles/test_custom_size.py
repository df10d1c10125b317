"""The bound on all that is known of one person, at every door, and pages that stay small."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from profiles import custom_size
from profiles.csv_import import imports as csv_imports
from profiles.csv_import import rejected as csv_rejected
from profiles.identity import merging
from profiles.models import EventKind, EventTotal, Profile
from profiles.person.facts import MOST_SHOWN
from tests.worlds.csv_uploads import imported, receipt
from tests.worlds.factories import AliasFactory, ProfileFactory
from tests.worlds.track_calls import Tracker, tracker_of
from workspaces.models import Workspace

TOO_LARGE = "All custom attributes of a user together may have at most 1,048,576 bytes."
#: One array of the largest size, as it is sent.
LARGE = [f"{n:0>200}" for n in range(450)]


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


def full(workspace: Workspace, external_id: str = "ann", **more: Any) -> Profile:
    """Make a person to whom nothing large can be added."""
    custom = {f"a{n}": LARGE for n in range(11)} | more
    return ProfileFactory(workspace=workspace, external_id=external_id, custom=custom)


def test_an_item_that_would_be_too_much_is_refused_and_the_others_are_applied(
    api: Tracker, workspace: Workspace
) -> None:
    full(workspace)
    items = [
        {"external_id": "ann", "another": LARGE, "first_name": "Ann"},
        {"external_id": "ann", "last_name": "Lee"},
        {"external_id": "bob", "another": LARGE},
    ]
    answer = api.track(attributes=items)
    assert answer["attributes_processed"] == 2
    assert answer["errors"] == [{"type": TOO_LARGE, "input_array": "attributes", "index": 0}]
    ann = api.person()
    assert ("another" in ann.custom, ann.first_name, ann.last_name) == (False, "", "Lee")
    assert api.person("bob").custom == {"another": LARGE}


def test_what_one_call_says_in_many_objects_is_counted_together(api: Tracker) -> None:
    items = [{"external_id": "ann", f"a{n}": LARGE} for n in range(12)]
    reasons = api.post("/users/track", {"attributes": items}).json()["errors"]
    assert {each["type"] for each in reasons} == {TOO_LARGE}


def test_a_person_with_too_much_from_before_may_lose_some(
    api: Tracker, workspace: Workspace
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table profiles_profile disable trigger refuse_too_many_attributes")
        full(workspace, more=LARGE, most=LARGE)
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table profiles_profile enable trigger refuse_too_many_attributes")
    api.say(a0=None, first_name="Ann")
    assert api.refused(external_id="ann", a0=LARGE) == TOO_LARGE


def test_a_row_of_a_file_that_would_be_too_much_is_refused(
    marketer_client: Client, workspace: Workspace, api: Tracker
) -> None:
    full(workspace, rest=LARGE[:90])
    many = ";".join(LARGE[:150])
    file = f"external_id,tags,first_name\nann,{many},Ann\nbob,{many},Bob\ncid,x,Cid\n"
    made = imported(marketer_client, file, **{"c1-type": "array"})
    assert (made.state, receipt(made)) == ("done", (2, 0, 0, 1))
    rows = b"".join(csv_rejected.written(csv_imports.rejected_file_of(made), language="en"))
    assert f'2,"{TOO_LARGE}",ann' in rows.decode()


def test_of_two_that_are_too_much_together_the_one_kept_stays_as_it_is(
    workspace: Workspace,
) -> None:
    kept, merged = full(workspace), full(workspace, "bob", bobs=1)
    merged.custom = {f"b{n}": value for n, value in enumerate(merged.custom.values())}
    merged.save()
    merging.merge(workspace, merged=merged.pk, kept=kept.pk)
    known = set(kept.custom)
    kept.refresh_from_db()
    assert set(kept.custom) == known


def test_the_form_says_that_it_is_too_much(marketer_client: Client, workspace: Workspace) -> None:
    ann = full(workspace, note="x")
    url = f"/w/acme/users/{ann.braze_id}/edit/"
    form = marketer_client.get(url).context["form"]
    shown = {name: form[name].value() or "" for name in form.fields}
    data = shown | {"new_name": "b", "new_type": "array", "new_value": json.dumps(LARGE)}
    assert TOO_LARGE in marketer_client.post(url, data).content.decode()
    assert marketer_client.post(url, data | {"new_value": "[]"}).status_code == 302


def test_the_trigger_and_the_program_name_one_bound() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_get_triggerdef(oid) from pg_trigger"
            " where tgname = 'refuse_too_many_attributes'"
        )
        assert f"> {custom_size.MOST_BYTES})" in cursor.fetchone()[0]


@pytest.mark.parametrize("path", ["", "edit/"])
def test_a_page_stays_small_whatever_is_stored(
    marketer_client: Client, workspace: Workspace, path: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table profiles_profile disable trigger refuse_too_many_attributes")
    custom = {f"a{n:0>4}": "x" * 255 for n in range(4000)} | {f"A{n}": LARGE for n in range(50)}
    ann = ProfileFactory(workspace=workspace, custom=custom)
    for n in range(MOST_SHOWN + 5):
        AliasFactory(profile=ann, workspace=workspace, label="l", name=f"name-{n}")
    EventTotal.objects.bulk_create(
        EventTotal(
            workspace=workspace,
            profile=ann,
            kind=EventKind.CUSTOM,
            name=f"event-{n}",
            count=1,
            first_at=ann.created_at,
            last_at=ann.created_at,
        )
        for n in range(MOST_SHOWN + 5)
    )
    page = marketer_client.get(f"/w/acme/users/{ann.braze_id}/{path}").content
    assert len(page) < 400_000
    more = b"attributes have no field here" if path else b"and 3,950 more"
    assert more in page
