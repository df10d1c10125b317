"""Partner Integrations > Data Export, as an admin meets it."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from currents.models import Connector, DeliveryError
from currents.types.base import CATALOGUE
from lib.sealing import unseal
from tests.worlds.currents_world import CUSTOM, connect, queue_of, send, write
from tests.worlds.factories import ConnectorFactory
from tests.worlds.receivers import Answer, Receiver, drop, receiving
from workspaces.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db

LIST = "/w/acme/currents/"
FORM = {
    "name": "Heap Export",
    "url": "https://heap.example.com/events",
    "token": "s3cret-token",
    "event_types": [CUSTOM],
    "batch_size": "100",
    "flush_seconds": "2",
    "field-email_address": "hash",
    "field-name": "remove",
}


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    with receiving() as receiver:
        yield receiver


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_an_admin_creates_a_connector(admin_client: Client, workspace: Workspace) -> None:
    response = admin_client.post(f"{LIST}new/", FORM, follow=True)
    made = Connector.objects.get()
    assert response.redirect_chain == [(f"{LIST}{made.pk}/", 302)]
    assert (made.workspace, made.state, made.event_types) == (workspace, "test", [CUSTOM])
    assert made.transformations == {"email_address": "hash", "name": "remove"}
    assert unseal(made.sealed_token) == "s3cret-token"


def test_the_form_says_which_type_does_not_happen_yet(admin_client: Client) -> None:
    choices = dict(admin_client.get(f"{LIST}new/").context["form"].fields["event_types"].choices)
    assert choices["users.behaviors.app.SessionStart"] == "Session start"
    assert choices["users.behaviors.app.SessionEnd"] == (
        "Session end (none yet: no call reports it)"
    )


def test_a_token_is_never_shown(admin_client: Client) -> None:
    admin_client.post(f"{LIST}new/", FORM)
    made = Connector.objects.get()
    admin_client.post(f"{LIST}{made.pk}/edit/", FORM | {"url": "nonsense"})
    for url in (LIST, f"{LIST}{made.pk}/", f"{LIST}{made.pk}/edit/"):
        assert "s3cret" not in page(admin_client, url)
    refused = admin_client.post(f"{LIST}{made.pk}/edit/", FORM | {"url": "nonsense"})
    assert "s3cret" not in refused.content.decode()
    assert "s3cret" not in str(list(AuditEntry.objects.values()))


def test_an_empty_token_keeps_the_one_that_is_there(admin_client: Client) -> None:
    admin_client.post(f"{LIST}new/", FORM)
    edit = f"{LIST}{Connector.objects.get().pk}/edit/"
    admin_client.post(edit, FORM | {"token": ""})
    assert unseal(Connector.objects.get().sealed_token) == "s3cret-token"
    admin_client.post(edit, FORM | {"token": "", "without_token": "on"})
    assert bytes(Connector.objects.get().sealed_token) == b""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("url", "ftp://example.com"),
        ("url", "https://user:secret@example.com/"),
        ("token", "two words"),
        ("token", "line\r\nX-Evil: 1"),
        ("event_types", []),
        ("event_types", ["users.behaviors.Nothing"]),
        ("batch_size", "0"),
        ("batch_size", "1001"),
        ("flush_seconds", "901"),
        ("field-email_address", "shout"),
    ],
)
def test_nonsense_is_refused_beside_its_field(admin_client: Client, field: str, value: Any) -> None:
    response = admin_client.post(f"{LIST}new/", FORM | {field: value})
    assert list(response.context["form"].errors) == [field]
    assert not Connector.objects.exists()


def test_a_name_is_unique_in_its_workspace(admin_client: Client, workspace: Workspace) -> None:
    ConnectorFactory(name="Heap Export")
    admin_client.post(f"{LIST}new/", FORM)
    response = admin_client.post(f"{LIST}new/", FORM)
    assert "Another connector has this name." in response.content.decode()


def test_the_life_of_a_connector_by_its_buttons(admin_client: Client) -> None:
    admin_client.post(f"{LIST}new/", FORM)
    made = Connector.objects.get()
    states = []
    for button in ("pause", "launch", "launch", "pause", "pause", "resume", "resume", "retry"):
        admin_client.post(f"{LIST}{made.pk}/", {button: ""})
        made.refresh_from_db()
        states.append(made.state)
    assert states == ["test", *["active"] * 2, *["paused"] * 2, *["active"] * 3]
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert [action.partition(" ")[0] for action in actions] == [
        "Added",
        "Launched",
        "Paused",
        "Resumed",
        "Retried",
    ]
    assert "Launched Connector" in page(admin_client, f"{LIST}{made.pk}/")


def test_test_events_are_one_of_each_type(
    admin_client: Client, workspace: Workspace, receiver: Receiver
) -> None:
    made = ConnectorFactory(workspace=workspace, url=receiver.url)
    response = admin_client.post(f"{LIST}{made.pk}/", {"test": ""}, follow=True)
    assert said(response) == ["The receiver accepted the test events: 200"]
    assert [event["event_type"] for event in receiver.events] == list(CATALOGUE)


def test_test_events_that_fail_show_the_answer(
    admin_client: Client, workspace: Workspace, receiver: Receiver
) -> None:
    made = ConnectorFactory(workspace=workspace, url=receiver.url)
    receiver.answers = lambda request: Answer(401, {}, b"<b>who are you?</b>")
    response = admin_client.post(f"{LIST}{made.pk}/", {"test": ""}, follow=True)
    assert said(response) == [
        "The receiver did not accept the test events: 401 <b>who are you?</b>"
    ]
    assert "<b>who" not in response.content.decode()


def test_an_address_inside_is_not_called(
    admin_client: Client, workspace: Workspace, receiver: Receiver, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW = []
    made = ConnectorFactory(workspace=workspace, url=receiver.url)
    response = admin_client.post(f"{LIST}{made.pk}/", {"test": ""}, follow=True)
    assert said(response) == [
        "The receiver did not answer: 127.0.0.1 leads to an address that is not public"
    ]
    assert receiver.requests == []


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_how_a_connector_is_doing(
    admin_client: Client, workspace: Workspace, receiver: Receiver
) -> None:
    made = connect(workspace, receiver)
    write(workspace, "a", "b")
    send(made)
    receiver.answers = lambda request: Answer(503, {}, b"out for lunch")
    write(workspace, "c")
    send(made)
    response = admin_client.get(f"{LIST}{made.pk}/")
    health = response.context["health"]
    assert (health.waiting, health.delivered, health.lost) == (1, 2, 0)
    assert 0 < health.seconds < 60
    assert [hour.events for hour in response.context["hours"]] == [0] * 23 + [2]
    (error,) = DeliveryError.objects.all()
    assert (error.status, error.detail) == (503, "out for lunch")
    assert "out for lunch" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_why_a_receiver_did_not_answer_is_told_in_french(
    admin_client: Client, workspace: Workspace, receiver: Receiver
) -> None:
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    made = connect(workspace, receiver)
    receiver.answers = lambda request: Answer(instead=drop)
    write(workspace, "a")
    send(made)
    lost = "La connexion a été perdue, ou la réponse n’était pas du HTTP\xa0: "
    assert lost in page(admin_client, f"{LIST}{made.pk}/")
    made.url = "http://10.0.0.1/"
    made.save()
    response = admin_client.post(f"{LIST}{made.pk}/", {"test": ""}, follow=True)
    assert said(response) == [
        "Le destinataire n’a pas répondu\xa0: 10.0.0.1 mène à une adresse qui n’est pas publique"
    ]


def test_what_a_receiver_says_is_not_translated(admin_client: Client, workspace: Workspace) -> None:
    made = ConnectorFactory(workspace=workspace)
    made.errors.create(status=503, detail="Pause", event_type=CUSTOM, events=1)
    made.errors.create(status=503, detail="100% full", event_type=CUSTOM, events=1)
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    shown = [error.said for error in admin_client.get(f"{LIST}{made.pk}/").context["errors"]]
    assert shown == ["100% full", "Pause"]


def test_the_edit_history_names_what_was_changed_as_the_form_does(admin_client: Client) -> None:
    admin_client.post(f"{LIST}new/", FORM)
    made = Connector.objects.get()
    admin_client.post(f"{LIST}{made.pk}/edit/", FORM | {"batch_size": "7"})
    assert "events in a batch, bearer token" in page(admin_client, f"{LIST}{made.pk}/")
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    assert "jeton Bearer" in page(admin_client, f"{LIST}{made.pk}/")


@pytest.mark.django_db(transaction=True)
def test_a_replay_from_the_page(
    admin_client: Client, workspace: Workspace, receiver: Receiver
) -> None:
    made = connect(workspace, receiver)
    write(workspace, "a")
    send(made)
    start = timezone.now() - timedelta(minutes=5)
    form = {"replay": "", "start": start.strftime("%Y-%m-%dT%H:%M")}
    response = admin_client.post(f"{LIST}{made.pk}/", form, follow=True)
    assert said(response) == ["1 event type is sent again."]
    assert queue_of(made).delivered == 1
    send(made)
    assert len(receiver.events) == 2


@pytest.mark.parametrize("days", [-1, 8])
def test_a_replay_is_of_the_last_seven_days(
    admin_client: Client, workspace: Workspace, days: int
) -> None:
    made = ConnectorFactory(workspace=workspace, state="active")
    start = timezone.now() - timedelta(days=days)
    form = {"replay": "", "start": start.strftime("%Y-%m-%dT%H:%M")}
    response = admin_client.post(f"{LIST}{made.pk}/", form)
    assert response.context["replaying"].errors == {
        "start": ["Enter a time within the last 7 days."]
    }


def test_a_connector_is_deleted_by_whoever_is_sure(
    admin_client: Client, workspace: Workspace
) -> None:
    made = ConnectorFactory(workspace=workspace)
    response = admin_client.post(f"{LIST}{made.pk}/", {"delete": ""})
    assert response.context["deleting"].errors == {"sure": ["Tick this to delete the connector."]}
    response = admin_client.post(f"{LIST}{made.pk}/", {"delete": "", "sure": "on"}, follow=True)
    assert said(response) == [f"The connector “{made.name}” is deleted."]
    assert not Connector.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_much_for_many_connectors(
    admin_client: Client, workspace: Workspace, django_assert_num_queries: Any, count: int
) -> None:
    ConnectorFactory.create_batch(count, workspace=workspace)
    with django_assert_num_queries(6):
        response = admin_client.get(LIST)
    assert len(response.context["connectors"]) == count


def test_what_may_be_a_secret_in_a_url_is_not_shown(
    analyst_client: Client, workspace: Workspace
) -> None:
    made = ConnectorFactory(workspace=workspace, url="https://heap.example.com/in?key=hidden")
    for url in (LIST, f"{LIST}{made.pk}/"):
        content = page(analyst_client, url)
        assert ("https://heap.example.com/in?…" in content, "key=" in content) == (True, False)


def test_readers_see_no_buttons(analyst_client: Client, workspace: Workspace) -> None:
    made = ConnectorFactory(workspace=workspace)
    for url in (LIST, f"{LIST}{made.pk}/"):
        content = page(analyst_client, url)
        assert "Create Heap Export" not in content
        assert 'name="launch"' not in content
