"""Since when a subscription is as it is: anew where it changes, or is said of a new address."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from profiles.models import AddressState, Profile
from tests.worlds.csv_uploads import imported
from tests.worlds.factories import ProfileFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

THEN = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = "old@example.com", "new@example.com"
UNSUBSCRIBED = "unsubscribed"

type Door = Callable[[str], object]


@pytest.fixture
def ann(workspace: Workspace) -> Profile:
    return ProfileFactory(
        workspace=workspace,
        external_id="ann",
        email=OLD,
        email_subscribe=UNSUBSCRIBED,
        email_subscribe_at=THEN,
    )


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def track(caller: RestCaller, **said: Any) -> None:
    answer = caller.post("/users/track", {"attributes": [{"external_id": "ann"} | said]})
    assert answer.status_code == 201


@pytest.fixture(params=["track", "csv", "page"])
def say(request: pytest.FixtureRequest, ann: Profile) -> Door:
    """Say through one of the doors that Ann has an address and is unsubscribed."""
    if request.param == "track":
        caller = request.getfixturevalue("caller")
        return lambda email: track(caller, email=email, email_subscribe=UNSUBSCRIBED)
    client: Client = request.getfixturevalue("marketer_client")
    if request.param == "csv":
        header = "external_id,email,email_subscribe"
        return lambda email: imported(client, f"{header}\nann,{email},{UNSUBSCRIBED}\n")
    form = {"email_subscribe": UNSUBSCRIBED, "push_subscribe": "subscribed"}
    page = f"/w/acme/users/{ann.braze_id}/edit/"
    return lambda email: client.post(page, form | {"email": email})


def since(person: Profile) -> datetime:
    person.refresh_from_db()
    assert person.email_subscribe == UNSUBSCRIBED
    assert person.email_subscribe_at
    return person.email_subscribe_at


def test_the_same_state_of_a_new_address_begins_anew(ann: Profile, say: Door) -> None:
    say(NEW)
    assert ann.email == OLD
    assert since(ann) > THEN
    assert ann.email == NEW


def test_the_same_state_of_the_same_address_goes_on(ann: Profile, say: Door) -> None:
    say(OLD)
    assert since(ann) == THEN


def test_what_email_status_said_of_a_new_address_began_then(
    ann: Profile, caller: RestCaller
) -> None:
    caller.post("/email/status", {"email": NEW, "subscription_state": UNSUBSCRIBED})
    track(caller, email=NEW)
    assert since(ann) == AddressState.objects.get().at > THEN


def test_somebody_made_with_an_address_has_the_time_of_its_state(caller: RestCaller) -> None:
    caller.post("/email/status", {"email": NEW, "subscription_state": "subscribed"})
    track(caller, external_id="bob", email=NEW)
    caller.post("/users/track", {"attributes": [{"email": NEW, "first_name": "Bob"}]})
    bob = Profile.objects.get(email=NEW)
    assert (bob.email_subscribe_at, bob.first_name) == (AddressState.objects.get().at, "Bob")


def test_email_status_of_an_address_that_somebody_has_goes_on(
    ann: Profile, caller: RestCaller
) -> None:
    caller.post("/email/status", {"email": OLD, "subscription_state": UNSUBSCRIBED})
    assert since(ann) == THEN


def test_what_email_status_said_wins_over_a_page_that_leaves_the_state(
    ann: Profile, caller: RestCaller, marketer_client: Client
) -> None:
    caller.post("/email/status", {"email": NEW, "subscription_state": UNSUBSCRIBED})
    form = {"email_subscribe": UNSUBSCRIBED, "push_subscribe": "subscribed", "email": NEW}
    marketer_client.post(f"/w/acme/users/{ann.braze_id}/edit/", form)
    assert since(ann) == AddressState.objects.get().at
