"""Days and moments that not every time zone has: refused at every door, and shown where one was
taken before. A table of doors and values.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from campaigns.entries import ActionForm, ScheduledForm
from cohorts.forms import InvalidateForm
from cohorts.models import Cohort
from currents.forms import ReplayForm
from lib.calendar import Zone, is_taken
from profiles.csv_import.columns import Column
from profiles.events import NewEvent, record_events
from profiles.models import Event, EventKind, EventTotal, Profile
from profiles.person.forms import PersonForm
from segments.filters import fields
from tests.worlds.factories import CohortFactory, ProfileFactory, import_key
from tests.worlds.partner_calls import PartnerCaller
from tests.worlds.track_calls import TIME, Tracker, tracker_of
from workspaces.api_keys.forms import ApiKeyForm
from workspaces.models import Workspace

MOMENTS = ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z"]
MOMENTS += ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
DAYS = ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"]
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
#: The zones at both ends of the world, and two between.
ZONES = ["Etc/GMT+12", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"]


@pytest.fixture
def tracker(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_partner_is_told(heap: PartnerCaller, moment: str) -> None:
    answer = heap.name(created_at=moment)
    message = "`created_at` must be a valid time as an ISO-8601 string"
    assert (answer.status_code, answer.json()) == (400, {"message": message})
    assert not Cohort.objects.exists()


ATTRIBUTES: dict[str, Callable[[str], dict[str, Any]]] = {
    "seen": lambda moment: {"seen": moment},
    "seen in an array": lambda moment: {"seen": [moment]},
    "seen in an object": lambda moment: {"seen": {"first": {"at": {"$time": moment}}}},
    "date_of_first_session": lambda moment: {"date_of_first_session": moment, "app_id": "a"},
    "date_of_last_session": lambda moment: {"date_of_last_session": moment, "app_id": "a"},
    "marked_email_as_spam_at": lambda moment: {"marked_email_as_spam_at": moment},
    "dob": lambda moment: {"dob": moment},
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("door", ATTRIBUTES)
def test_an_attribute_is_refused(tracker: Tracker, door: str, moment: str) -> None:
    said = tracker.refused(external_id="ann", **ATTRIBUTES[door](moment))
    assert f"'{door.split()[0]}'" in said
    assert not Profile.objects.exists()


def test_an_attribute_says_which_years(tracker: Tracker) -> None:
    said = tracker.refused(external_id="ann", seen=MOMENTS[0])
    assert said == "'seen' must be a time of the years 1900 to 2200"


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_happened_is_refused(tracker: Tracker, moment: str) -> None:
    event = {"external_id": "ann", "name": "opened", "time": moment}
    bought = {"external_id": "ann", "product_id": "a", "currency": "USD", "price": 1}
    assert "'time'" in tracker.refused("events", **event)
    assert "'time'" in tracker.refused("purchases", **bought, time=moment)
    seen = {"external_id": "ann", "name": "opened", "time": TIME, "properties": {"at": moment}}
    assert "'at'" in tracker.refused("events", **seen)


@pytest.mark.parametrize("text", [*MOMENTS, *DAYS])
@pytest.mark.parametrize(
    "column", [Column("custom", "seen", "time"), Column("dob"), Column("marked_email_as_spam_at")]
)
def test_a_cell_of_a_file_is_refused(column: Column, text: str) -> None:
    cells = column.cells()
    assert cells[text] is None
    assert cells.reason(text)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cell_of_text_that_spells_a_time_is_refused(moment: str) -> None:
    assert Column("custom", "seen").cells()[moment] is None


@pytest.mark.parametrize("day", DAYS)
def test_the_page_of_a_person_refuses(workspace: Workspace, day: str) -> None:
    person = ProfileFactory(workspace=workspace, custom={"seen": TIME})
    data = {"dob": day, "custom:seen": f"{day}T00:00:00Z", "email_subscribe": "subscribed"}
    data |= {"push_subscribe": "subscribed"}
    assert {"dob", "custom:seen"} <= set(PersonForm(data, person=person).errors)


FORMS: dict[str, Callable[[str], Any]] = {
    "the last day of a schedule": lambda day: ScheduledForm({"ends_on": day}).errors["ends_on"],
    "a schedule": lambda day: ScheduledForm({"starts_at": f"{day}T00:00"}).errors["starts_at"],
    "an entry window": lambda day: ActionForm({"opens_at": f"{day}T00:00"}).errors["opens_at"],
    "an API key": lambda day: ApiKeyForm({"expires_at": f"{day}T00:00"}).errors["expires_at"],
    "a replay": lambda day: ReplayForm({"start": f"{day}T00:00"}).errors["start"],
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("door", FORMS)
def test_a_form_refuses(door: str, day: str, zone: str) -> None:
    with timezone.override(Zone(zone)):
        assert FORMS[door](day) == ["Enter a date of the years 1900 to 2200."]


@pytest.mark.parametrize("day", DAYS)
def test_the_end_of_a_partners_key_is_refused(workspace: Workspace, day: str) -> None:
    form = InvalidateForm({"when": "date", "date": f"{day}T00:00"}, key=import_key(workspace)[0])
    assert "Enter a date of the years 1900 to 2200." in form.errors["date"]


@pytest.mark.parametrize("day", DAYS)
def test_a_filter_refuses(day: str) -> None:
    with pytest.raises(Exception, match="Enter a date of the years 1900 to 2200"):
        fields.day(()).clean(day)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("page", ["/w/acme/settings/audit/", "/w/acme/partners/heap/"])
def test_a_page_that_is_narrowed_refuses(
    admin_client: Client, heap: PartnerCaller, page: str, day: str
) -> None:
    for field in ("since", "until"):
        response = admin_client.get(page, {field: day})
        assert response.status_code == 200
        assert "Enter a date of the years 1900 to 2200." in response.content.decode()


def test_the_years_are_those_of_utc() -> None:
    assert [is_taken(datetime(year, 6, 1)) for year in (1899, 1900, 2200, 2201)] == [
        False,
        True,
        True,
        False,
    ]


# What was taken before


@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_every_zone_shows_every_moment(moment: datetime) -> None:
    shown = Template("{% load portal %}{{ m }} {{ m|date:'c' }} {{ m|ago }}")
    for name in available_timezones():
        with timezone.override(Zone(name)):
            assert shown.render(Context({"m": moment}))


def test_a_zone_is_else_what_it_was() -> None:
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    with timezone.override(Zone("Europe/Paris")):
        assert timezone.localtime(moment).isoformat() == "2026-07-01T02:00:00+02:00"
        assert timezone.get_current_timezone_name() == "Europe/Paris"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_a_partners_pages_show_what_is_stored(
    admin_client: Client, heap: PartnerCaller, moment: datetime, zone: str
) -> None:
    Workspace.objects.update(time_zone=zone)
    cohort = CohortFactory(workspace=heap.workspace, created_at=moment, last_sync_at=moment)
    pages = ["", "cohorts/", f"cohorts/{cohort.pk}/"]
    answers = [admin_client.get(f"/w/acme/partners/heap/{page}") for page in pages]
    assert [answer.status_code for answer in answers] == [200] * 3


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_a_persons_page_shows_what_is_stored(
    admin_client: Client, workspace: Workspace, moment: datetime, zone: str
) -> None:
    Workspace.objects.update(time_zone=zone)
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    person = ProfileFactory(
        workspace=workspace,
        dob=moment.date(),
        custom={"seen": text},
        email_marked_spam_at=moment,
        created_at=moment,
    )
    CohortFactory(workspace=workspace, created_at=moment)
    record_events(
        workspace, [NewEvent(profile_id=person.pk, kind=EventKind.CUSTOM, name="a", time=moment)]
    )
    Event.objects.update(time=moment)
    EventTotal.objects.update(first_at=moment, last_at=moment)
    for page in ("", "edit/"):
        url = f"/w/acme/users/{person.braze_id}/{page}"
        assert admin_client.get(url).status_code == 200
