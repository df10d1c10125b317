"""What was said of an e-mail address before anybody had it."""

from typing import Any

import pytest
from django.test import Client

from profiles.models import AddressState, Profile
from segments.audiences.people import people_of
from segments.trees.tree import load_tree
from tests.worlds.csv_uploads import imported
from tests.worlds.factories import ProfileFactory, WorkspaceFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from tests.worlds.targeting_world import leaf, tree_of
from workspaces.models import Workspace

ADDRESS = "ann@example.com"
UNSUBSCRIBED = leaf("email_subscribe", "is", "unsubscribed")


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def say(caller: RestCaller, state: str = "unsubscribed", email: str | list[str] = ADDRESS) -> None:
    answer = caller.post("/email/status", {"email": email, "subscription_state": state})
    assert (answer.status_code, answer.json()) == (201, {"message": "success"})


def track(caller: RestCaller, **item: Any) -> Profile:
    answer = caller.post("/users/track", {"attributes": [item]})
    assert answer.status_code == 201, answer.content
    who = {key: item[key] for key in ("external_id", "email") if key in item}
    return Profile.objects.get(workspace=caller.workspace, **who)


@pytest.mark.parametrize("who", [{}, {"external_id": "ann"}])
def test_whoever_is_made_with_the_address_has_the_state(
    caller: RestCaller, who: dict[str, str]
) -> None:
    say(caller, email=["ANN@example.com", ADDRESS])
    ann = track(caller, **who, email=ADDRESS)
    assert ann.email_subscribe == "unsubscribed"
    assert ann.email_subscribe_at == AddressState.objects.get().at


def test_somebody_known_who_gets_the_address_has_the_state(
    caller: RestCaller, workspace: Workspace
) -> None:
    say(caller, "opted_in")
    ProfileFactory(workspace=workspace, external_id="ann", email="old@example.com")
    assert track(caller, external_id="ann", email=ADDRESS).email_subscribe == "opted_in"


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("state", ["subscribed", "opted_in", "unsubscribed"])
def test_what_is_said_with_the_address_wins(
    caller: RestCaller, workspace: Workspace, state: str, known: bool
) -> None:
    say(caller)
    if known:
        ProfileFactory(workspace=workspace, external_id="ann", email="old@example.com")
    ann = track(caller, external_id="ann", email=ADDRESS, email_subscribe=state)
    assert ann.email_subscribe == state


def test_what_is_said_afterwards_stays(caller: RestCaller) -> None:
    say(caller)
    track(caller, external_id="ann", email=ADDRESS)
    track(caller, external_id="ann", email_subscribe="subscribed")
    ann = track(caller, external_id="ann", email=ADDRESS, first_name="Ann")
    assert ann.email_subscribe == "subscribed"


def test_the_last_word_about_an_address_counts(caller: RestCaller) -> None:
    say(caller)
    track(caller, external_id="ann", email=ADDRESS)
    say(caller, "opted_in")
    assert track(caller, external_id="bob", email=ADDRESS).email_subscribe == "opted_in"


def test_the_state_of_a_known_address_is_not_kept(caller: RestCaller, workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace, external_id="ann", email=ADDRESS)
    say(caller, email=[ADDRESS, "no address", f"{'a' * 400}@example.com"])
    assert not AddressState.objects.exists()


def test_the_addresses_of_another_workspace_are_its_own(caller: RestCaller) -> None:
    say(rest_caller(WorkspaceFactory()))
    assert track(caller, external_id="ann", email=ADDRESS).email_subscribe == "subscribed"


FILE = f"""external_id,email,email_subscribe
ann,{ADDRESS},
bob,bob@example.com,
cid,cid@example.com,subscribed
"""


@pytest.mark.parametrize("known", [True, False])
def test_an_import_gives_the_state(
    caller: RestCaller, workspace: Workspace, marketer_client: Client, known: bool
) -> None:
    say(caller, email=[ADDRESS, "cid@example.com"])
    if known:
        for name in ("ann", "bob", "cid"):
            ProfileFactory(workspace=workspace, external_id=name, email="")
    imported(marketer_client, FILE)
    people = Profile.objects.in_workspace(workspace).order_by("external_id")
    states = people.values_list("external_id", "email_subscribe")
    assert dict(states) == {"ann": "unsubscribed", "bob": "subscribed", "cid": "subscribed"}


def test_an_import_by_address_gives_the_state(
    caller: RestCaller, workspace: Workspace, marketer_client: Client
) -> None:
    say(caller)
    imported(marketer_client, f"email\n{ADDRESS}\n")
    assert Profile.objects.get(workspace=workspace).email_subscribe == "unsubscribed"


@pytest.mark.parametrize(
    ("chosen", "state"), [("subscribed", "unsubscribed"), ("opted_in", "opted_in")]
)
def test_the_page_of_a_person_gives_the_state(
    caller: RestCaller, workspace: Workspace, marketer_client: Client, chosen: str, state: str
) -> None:
    say(caller)
    ann: Profile = ProfileFactory(workspace=workspace, email="")
    form = {"email": ADDRESS, "email_subscribe": chosen, "push_subscribe": "subscribed"}
    page = f"/w/acme/users/{ann.braze_id}/edit/"
    assert marketer_client.post(page, form).status_code == 302
    ann.refresh_from_db()
    assert (ann.email, ann.email_subscribe) == (ADDRESS, state)


@pytest.mark.django_db(transaction=True)
def test_an_audience_sees_the_state(caller: RestCaller, workspace: Workspace) -> None:
    def size() -> int:
        with people_of(workspace) as people:
            return len(load_tree(tree_of(UNSUBSCRIBED)).audience(people))

    track(caller, external_id="ann")
    say(caller)
    assert size() == 0
    track(caller, external_id="ann", email=ADDRESS)
    assert size() == 1
    track(caller, external_id="bob", email=ADDRESS)
    assert size() == 2
