"""Whom a call means, and who is made by it."""

from typing import Any

import pytest

from profiles.models import Alias, Event, Profile
from tests.worlds.factories import AliasFactory, ProfileFactory
from tests.worlds.track_calls import Tracker, event, purchase, tracker_of
from workspaces.models import Workspace

ALIAS = {"alias_label": "crm", "alias_name": "7"}


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


def named() -> list[str]:
    """The people to whom something was said, by the name they were made with."""
    return sorted(Profile.objects.exclude(custom={}).values_list("first_name", flat=True))


@pytest.fixture
def ann(api: Tracker) -> Profile:
    """Somebody with every identifier, beside a stranger who has the same ones."""
    known = {"email": "ann@example.com", "phone": "+15551234567", "first_name": "Ann"}
    for workspace in (api.workspace, None):
        more = {"workspace": workspace} if workspace else {}
        person = ProfileFactory(external_id="ann", **known, **more)
        AliasFactory(profile=person, label="crm", name="7")
    return Profile.objects.get(workspace=api.workspace)


@pytest.mark.parametrize("kind", ["external_id", "user_alias", "braze_id", "email", "phone"])
def test_person_is_found_by_each_identifier(api: Tracker, ann: Profile, kind: str) -> None:
    who = ALIAS if kind == "user_alias" else getattr(ann, kind)
    item = {kind: who, "x": 1}
    counts = api.track(attributes=[item], events=[event(**{"external_id": None, kind: who})])
    assert counts == {"message": "success", "attributes_processed": 1, "events_processed": 1}
    assert [p.pk for p in Profile.objects.exclude(custom={})] == [ann.pk]
    assert Event.objects.get().profile == ann
    assert Profile.objects.count() == 2


def test_identifiers_have_an_order(api: Tracker) -> None:
    AliasFactory(profile=ProfileFactory(workspace=api.workspace), label="crm", name="7")
    api.track(
        attributes=[
            {"external_id": "bob", "user_alias": ALIAS, "email": "b@example.com", "x": 1},
            {"email": "c@example.com", "phone": "+15551234567", "x": 2},
        ]
    )
    people = Profile.objects.exclude(custom={}).order_by("email")
    assert list(people.values_list("external_id", "email", "phone")) == [
        ("bob", "b@example.com", ""),
        (None, "c@example.com", "+15551234567"),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_one_address_the_identified_person_written_last_counts(api: Tracker) -> None:
    same: dict[str, Any] = {"workspace": api.workspace, "email": "x@example.com"}
    first = ProfileFactory(first_name="First", **same)
    ProfileFactory(first_name="Second", **same)
    ProfileFactory(first_name="Anonymous", external_id=None, **same)
    api.track(attributes=[{"external_id": first.external_id, "home_city": "Paris"}])
    api.track(attributes=[{"email": "x@example.com", "x": 1}])
    assert named() == ["First"]


@pytest.mark.django_db(transaction=True)
def test_of_one_number_the_anonymous_person_written_last_counts(api: Tracker) -> None:
    same = {"workspace": api.workspace, "external_id": None, "phone": "+15551234567"}
    ProfileFactory(first_name="First", **same)
    ProfileFactory(first_name="Second", **same)
    api.track(attributes=[{"phone": "+15551234567", "x": 1}])
    assert named() == ["Second"]


# Who is made


@pytest.mark.parametrize("array", ["attributes", "events", "purchases"])
@pytest.mark.parametrize(
    "who",
    [{"external_id": "bob"}, {"email": "bob@example.com"}, {"phone": "+15551234567"}],
)
def test_unknown_person_is_made(api: Tracker, array: str, who: dict[str, str]) -> None:
    items = {"attributes": {}, "events": event(), "purchases": purchase()}
    item = items[array] | {"external_id": None} | who
    answer = api.track(**{array: [item, item]})
    assert answer == {"message": "success", f"{array}_processed": 2}
    person = Profile.objects.get()
    kept = {"external_id": person.external_id, "email": person.email, "phone": person.phone}
    assert kept == {"external_id": None, "email": "", "phone": ""} | who


@pytest.mark.parametrize("array", ["attributes", "events", "purchases"])
@pytest.mark.parametrize(
    "who",
    [
        {"user_alias": ALIAS},
        {"braze_id": "a" * 24},
        {"braze_id": "a" * 24, "_update_existing_only": False},
        {"external_id": "bob", "_update_existing_only": True},
        {"email": "bob@example.com", "_update_existing_only": True},
    ],
)
def test_unknown_person_is_passed_over(api: Tracker, array: str, who: dict[str, Any]) -> None:
    items = {"attributes": {"x": 1}, "events": event(), "purchases": purchase()}
    answer = api.track(**{array: [items[array] | {"external_id": None} | who]})
    assert answer == {"message": "success", f"{array}_processed": 1}
    assert not Profile.objects.exists()


def test_alias_only_person_is_made_once(api: Tracker) -> None:
    item = {"user_alias": ALIAS, "_update_existing_only": False, "n": {"inc": 1}}
    api.track(attributes=[item, item])
    api.track(attributes=[item])
    alias = Alias.objects.get()
    assert (alias.label, alias.name, alias.workspace) == ("crm", "7", api.workspace)
    assert (alias.profile.external_id, alias.profile.custom) == (None, {"n": 3})


def test_who_gets_an_address_is_found_by_it_in_the_same_call(api: Tracker) -> None:
    contact = {"email": "ann@example.com", "phone": "+15551234567"}
    api.track(
        attributes=[{"external_id": "ann"} | contact],
        events=[event(external_id=None, email=contact["email"])],
        purchases=[purchase(external_id=None, phone=contact["phone"])],
    )
    assert Profile.objects.count() == 1
    assert api.person().events.count() == 2


def test_number_said_with_a_new_address_leads_to_one_person(api: Tracker) -> None:
    attributes = [
        {"email": "ann@example.com", "phone": "+15551234567"},
        {"external_id": "ann", "email": "ann@example.com"},
    ]
    api.track(attributes=attributes, events=[event(external_id=None, phone="+15551234567")])
    assert Profile.objects.get().events.count() == 1


def test_new_person_is_blank_but_for_what_was_said(api: Tracker) -> None:
    bob = api.say("bob")
    assert (bob.custom, bob.email, bob.email_subscribe) == ({}, "", "subscribed")
    assert len(bob.braze_id) == 24
    assert 0 <= bob.random_bucket < 10_000


@pytest.mark.parametrize("people", [1, 3])
def test_queries_do_not_grow_with_the_people(
    api: Tracker, django_assert_num_queries: Any, people: int
) -> None:
    names = [f"user-{n}" for n in range(people)]
    for name in names:
        ProfileFactory(workspace=api.workspace, external_id=name)
    said = [{"external_id": name, "x": {"inc": 1}} for name in names]
    done = [event(external_id=name) for name in names]
    api.track(attributes=said)
    # The key, the limit, two of a savepoint, then who they are, hold, change and record.
    with django_assert_num_queries(9):
        api.track(attributes=said, events=done)
