"""What the two calls do when they are taken."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cohorts.models import Cohort, CohortImport, CohortMembership, Outcome
from profiles.models import Profile
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory, WorkspaceFactory
from tests.worlds.partner_calls import PartnerCaller, add, connect, members, receipt, remove

Queries = Callable[[int], Any]


@pytest.fixture(autouse=True)
def _people(heap: PartnerCaller) -> None:
    for number in (1, 2, 3):
        ProfileFactory(workspace=heap.workspace, external_id=f"user-{number}")


def applied(response: Any) -> bool:
    return (response.status_code, response.json()) == (201, {"message": "success"})


# Naming a cohort


def test_create_makes_a_cohort(heap: PartnerCaller) -> None:
    assert applied(heap.name())
    cohort = Cohort.objects.get()
    assert (cohort.workspace, cohort.partner) == (heap.workspace, heap.partner)
    assert (cohort.cohort_id, cohort.name) == ("c1", "Trial drop-offs")
    assert cohort.created_at == datetime(2021, 1, 21, 14, 20, 30, tzinfo=UTC)


def test_create_again_renames_and_keeps_the_time_of_creation(heap: PartnerCaller) -> None:
    heap.name()
    assert applied(heap.name(name="Renamed", created_at="2024-01-01T00:00:00Z"))
    cohort = Cohort.objects.get()
    assert (cohort.name, cohort.created_at.year) == ("Renamed", 2021)


@pytest.mark.parametrize(
    "created_at",
    ["2021-01-21T19:20:30+05:00", "2022-12-01T17:40:04.055Z", "2021-01-21 19:20:30-0800"],
)
def test_times_that_partners_send(heap: PartnerCaller, created_at: str) -> None:
    assert applied(heap.name(created_at=created_at))


def test_names_are_kept_to_the_letter(heap: PartnerCaller) -> None:
    assert applied(heap.name(name=" Été “90 %” 🎿 ", cohort_id=" amperity-High Value "))
    cohort = Cohort.objects.get()
    assert (cohort.name, cohort.cohort_id) == (" Été “90 %” 🎿 ", " amperity-High Value ")


def test_cohorts_of_two_partners_may_share_an_id(heap: PartnerCaller) -> None:
    heap.name()
    connect(heap.workspace, "mixpanel").name()
    assert Cohort.objects.filter(cohort_id="c1").count() == 2


def test_users_before_create_make_the_cohort_under_its_id(heap: PartnerCaller) -> None:
    assert applied(heap.users(add("user-1")))
    cohort = Cohort.objects.get()
    assert (cohort.name, cohort.created_at) == ("c1", None)
    heap.name()
    cohort.refresh_from_db()
    assert (cohort.name, cohort.created_at.year) == ("Trial drop-offs", 2021)


@pytest.mark.parametrize(
    "changes", [[], "[]", [add()], [add(device_ids=[], aliases=[]), remove(aliases=[])]]
)
def test_call_without_identifiers_makes_no_cohort(heap: PartnerCaller, changes: Any) -> None:
    assert applied(heap.users(cohort_changes=changes))
    assert not Cohort.objects.exists()
    line = CohortImport.objects.get()
    assert (line.cohort_identifier, line.cohort, line.outcome) == ("c1", None, Outcome.APPLIED)


# Who is meant


def test_external_ids_match(heap: PartnerCaller) -> None:
    assert applied(heap.users(add("user-1", "user-3", "nobody")))
    assert members() == {"user-1", "user-3"}
    assert receipt() == {"asked": 3, "added": 2, "unmatched": 1}


def test_aliases_match_identified_and_anonymous_people(heap: PartnerCaller) -> None:
    AliasFactory(profile=Profile.objects.get(external_id="user-1"), label="email", name="a")
    anonymous = ProfileFactory(workspace=heap.workspace, external_id=None)
    AliasFactory(profile=anonymous, label="email", name="b")
    names = [{"alias_label": "email", "alias_name": name} for name in "abc"]
    heap.users({"aliases": [*names, {"alias_label": "phone", "alias_name": "a"}]})
    assert members() == {"user-1", anonymous.braze_id}
    assert receipt() == {"asked": 4, "added": 2, "unmatched": 2}


def test_aliases_may_be_one_object(heap: PartnerCaller) -> None:
    AliasFactory(profile=Profile.objects.get(external_id="user-1"), label="email", name="a")
    assert applied(heap.users({"aliases": {"alias_label": "email", "alias_name": "a"}}))
    assert members() == {"user-1"}


def test_devices_match_anonymous_people_only(heap: PartnerCaller) -> None:
    anonymous = DeviceFactory(profile__workspace=heap.workspace, device_id="d1").profile
    DeviceFactory(profile=Profile.objects.get(external_id="user-1"), device_id="d2")
    heap.users({"device_ids": ["d1", "d2", "d3"]})
    assert members() == {anonymous.braze_id}
    assert receipt() == {"asked": 3, "added": 1, "unmatched": 1, "ignored": 1}


def test_device_of_an_identified_person_is_ignored_for_removal(heap: PartnerCaller) -> None:
    DeviceFactory(profile=Profile.objects.get(external_id="user-1"), device_id="d1")
    heap.users(add("user-1"))
    heap.users({"device_ids": ["d1"], "should_remove": True})
    assert members() == {"user-1"}
    assert receipt() == {"asked": 1, "ignored": 1}


def test_people_of_another_workspace_are_nobody(heap: PartnerCaller) -> None:
    ProfileFactory(workspace=WorkspaceFactory(), external_id="stranger")
    heap.users(add("stranger"))
    assert (members(), receipt()) == (set(), {"asked": 1, "unmatched": 1})


def test_nobody_is_ever_created(heap: PartnerCaller) -> None:
    before = set(Profile.objects.values_list("pk", flat=True))
    alias = {"alias_label": "email", "alias_name": "new"}
    heap.users(add("new", device_ids=["new"], aliases=[alias]), remove("newer"))
    assert set(Profile.objects.values_list("pk", flat=True)) == before
    assert CohortImport.objects.get().unmatched_sample == [
        ["user_ids", "new"],
        ["aliases", "email:new"],
        ["device_ids", "new"],
        ["user_ids", "newer"],
    ]


def test_sample_of_unmatched_identifiers_ends_at_100(heap: PartnerCaller) -> None:
    heap.users(add(*(f"nobody-{n}" for n in range(150))))
    sample = CohortImport.objects.get().unmatched_sample
    assert (len(sample), sample[-1]) == (100, ["user_ids", "nobody-99"])


@pytest.mark.parametrize(
    ("sent", "external_id"),
    [(42, "42"), (10**30, "1" + "0" * 30), (-7, "-7"), (1.5, "1.5"), (1e3, "1000"), (0, "0")],
)
def test_numbers_are_taken_as_their_digits(
    heap: PartnerCaller, sent: Any, external_id: str
) -> None:
    ProfileFactory(workspace=heap.workspace, external_id=external_id)
    assert applied(heap.users(add(sent), cohort_id=sent))
    assert members(external_id) == {external_id}


def test_empty_identifiers_are_nobody_and_harm_none(heap: PartnerCaller) -> None:
    heap.users(add("", "user-1", aliases=[{"alias_label": "", "alias_name": ""}]))
    assert members() == {"user-1"}
    assert receipt() == {"asked": 3, "added": 1, "unmatched": 2}


@pytest.mark.parametrize("text", ["x" * 997, "😀" * 249, "a'b\\c%s{}\",", " user-1", "USER-1"])
def test_identifiers_are_compared_to_the_letter(heap: PartnerCaller, text: str) -> None:
    ProfileFactory(workspace=heap.workspace, external_id=text)
    heap.users(add(text))
    assert members() == {text}


def test_kinds_that_are_null_count_as_not_there(heap: PartnerCaller) -> None:
    change = {"user_ids": ["user-1"], "device_ids": None, "aliases": None, "should_remove": None}
    assert applied(heap.users(change))
    assert members() == {"user-1"}


def test_unknown_fields_are_passed_over(heap: PartnerCaller) -> None:
    assert applied(heap.users(add("user-1", note={"a": [1]}), session="x"))
    assert members() == {"user-1"}


# What happens to them


def test_removed_people_leave_a_trace(heap: PartnerCaller) -> None:
    heap.users(add("user-1", "user-2"))
    heap.users(remove("user-1"))
    assert (members(), receipt()) == ({"user-2"}, {"asked": 1, "removed": 1})
    gone = CohortMembership.objects.get(profile__external_id="user-1")
    assert gone.active is False
    assert gone.entered_at < gone.left_at <= timezone.now()


def test_people_who_come_back_have_entered_anew(heap: PartnerCaller) -> None:
    heap.users(add("user-1"))
    first = CohortMembership.objects.get()
    heap.users(remove("user-1"))
    heap.users(add("user-1"))
    again = CohortMembership.objects.get()
    assert (again.active, again.left_at) == (True, None)
    assert again.entered_at > first.entered_at
    assert receipt() == {"asked": 1, "added": 1}


def test_removing_who_was_never_in_writes_nothing(heap: PartnerCaller) -> None:
    heap.users(remove("user-1"))
    assert not CohortMembership.objects.exists()
    assert receipt() == {"asked": 1, "unchanged": 1}


def test_repeated_call_writes_nothing(heap: PartnerCaller) -> None:
    heap.users(add("user-1", "user-2"), remove("user-3"))
    before = list(CohortMembership.objects.values_list())
    assert applied(heap.users(add("user-1", "user-2"), remove("user-3")))
    assert list(CohortMembership.objects.values_list()) == before
    assert receipt() == {"asked": 3, "unchanged": 3}


def test_one_call_may_add_and_remove(heap: PartnerCaller) -> None:
    heap.users(add("user-1", "user-2"))
    heap.users(add("user-3"), remove("user-1", "nobody"))
    assert members() == {"user-2", "user-3"}
    assert receipt() == {"asked": 3, "added": 1, "removed": 1, "unmatched": 1}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([add("user-1"), remove("user-1")], set()),
        ([remove("user-1"), add("user-1")], {"user-1"}),
        ([add("user-1"), remove("user-1"), add("user-1", "user-1")], {"user-1"}),
        ([add("user-1"), {"aliases": [{"alias_label": "l", "alias_name": "n"}]}], {"user-1"}),
        ([add("user-1"), remove(aliases=[{"alias_label": "l", "alias_name": "n"}])], set()),
        ([remove(aliases=[{"alias_label": "l", "alias_name": "n"}]), add("user-1")], {"user-1"}),
    ],
)
def test_last_word_on_a_person_wins_by_whatever_identifier(
    heap: PartnerCaller, changes: Any, expected: set[str]
) -> None:
    AliasFactory(profile=Profile.objects.get(external_id="user-1"), label="l", name="n")
    heap.users(*changes)
    assert members() == expected


def test_superseded_and_repeated_identifiers_are_unchanged(heap: PartnerCaller) -> None:
    heap.users(add("user-1", "user-1", "user-2"), remove("user-2"))
    assert receipt() == {"asked": 4, "added": 1, "unchanged": 3}


# What is written down


def test_ledger_line_of_a_call(heap: PartnerCaller) -> None:
    heap.users(add("user-1", "nobody"))
    line = CohortImport.objects.get()
    assert (line.workspace, line.partner, line.key) == (heap.workspace, heap.partner, heap.key)
    assert (line.call, line.cohort, line.cohort_identifier) == ("users", Cohort.objects.get(), "c1")
    assert (line.outcome, line.status, line.reason) == (Outcome.APPLIED, 201, "")
    assert line.received_at - timezone.now() < timedelta(seconds=1)


def test_ledger_line_of_a_name(heap: PartnerCaller) -> None:
    heap.name()
    line = CohortImport.objects.get()
    assert (line.call, line.cohort, line.asked) == ("cohort", Cohort.objects.get(), 0)


def test_last_sync_is_that_of_the_last_users_call(heap: PartnerCaller) -> None:
    heap.name()
    assert Cohort.objects.get().last_sync_at is None
    heap.users(add("user-1"))
    first = Cohort.objects.get().last_sync_at
    heap.users()
    assert Cohort.objects.get().last_sync_at > first


def test_use_of_a_key_is_noted_with_its_address(heap: PartnerCaller) -> None:
    heap.name(REMOTE="ignored")
    heap.key.refresh_from_db()
    assert heap.key.last_used_ip == "127.0.0.1"
    assert timezone.now() - heap.key.last_used_at < timedelta(seconds=5)


def test_use_of_a_key_is_noted_every_ten_seconds_or_from_a_new_address(
    heap: PartnerCaller,
) -> None:
    heap.name()
    heap.key.refresh_from_db()
    first = heap.key.last_used_at
    heap.name()
    heap.key.refresh_from_db()
    assert heap.key.last_used_at == first
    heap.send("cohorts", heap.keys, REMOTE_ADDR="2001:db8::1")
    heap.key.refresh_from_db()
    assert (heap.key.last_used_ip, heap.key.last_used_at > first) == ("2001:db8::1", True)


@pytest.mark.parametrize(("behind_tls", "address"), [(False, "127.0.0.1"), (True, "198.51.100.7")])
def test_forwarded_address_counts_behind_a_proxy_only(
    heap: PartnerCaller, settings: Any, behind_tls: bool, address: str
) -> None:
    settings.BEHIND_TLS = behind_tls
    heap.send("cohorts", heap.keys, HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7")
    heap.key.refresh_from_db()
    assert heap.key.last_used_ip == address


def test_rate_limit_headers_count_down(heap: PartnerCaller) -> None:
    left = [heap.name()["X-RateLimit-Remaining"], heap.users()["X-RateLimit-Remaining"]]
    assert left == ["249999", "249998"]
    refused = heap.name(name="")
    assert (refused["X-RateLimit-Limit"], refused["X-RateLimit-Remaining"]) == ("250000", "249997")
    assert 0 < int(refused["X-RateLimit-Reset"]) - timezone.now().timestamp() <= 3600
    assert "X-RateLimit-Limit" not in heap.with_keys(client_secret="wrong").name()


def test_rate_limit_is_each_workspace_its_own(heap: PartnerCaller, settings: Any) -> None:
    settings.RATE_LIMITS = {"partners": (1, 3600)}
    other = connect(WorkspaceFactory())
    statuses = [caller.name().status_code for caller in (heap, other, heap, other)]
    assert statuses == [201, 201, 429, 429]


def test_rate_limit_begins_anew_with_the_window(heap: PartnerCaller, settings: Any) -> None:
    settings.RATE_LIMITS = {"partners": (1, 3600)}
    heap.name()
    settings.RATE_LIMITS = {"partners": (1, 7)}
    assert heap.name().status_code == 201


@pytest.mark.parametrize("size", [1, 1000])
def test_a_call_takes_as_many_statements_for_one_identifier_as_for_1000(
    heap: PartnerCaller, django_assert_num_queries: Queries, size: int
) -> None:
    heap.users(add("user-1"))
    ids = ["user-1", *(f"nobody-{n}" for n in range(size - 1))]
    # Keys, rate limit, and a transaction around: cohort, people, members, ledger.
    with django_assert_num_queries(8):
        assert applied(heap.users(add(*ids)))


# Bodies that partners are known to send


def test_documented_example(heap: PartnerCaller) -> None:
    assert applied(heap.name())
    assert applied(heap.users({"user_ids": ["user-1", "user-2"]}, remove("user-3")))
    assert applied(heap.users({"user_ids": ["user-2"], "should_remove": True}))
    assert members() == {"user-1"}


def test_changes_as_json_text(heap: PartnerCaller) -> None:
    assert applied(heap.users(cohort_changes='[{"user_ids": ["user-1"]}]'))
    assert members() == {"user-1"}


def test_segment_tests_its_connection(heap: PartnerCaller) -> None:
    probe = {"cohort_id": "will_add_in_constant", "cohort_changes": []}
    assert applied(heap.users(**probe))
    wrong = heap.with_keys(client_secret="wrong").users(**probe)
    assert wrong.status_code == 401
    assert not Cohort.objects.exists()


def test_segment_sends_every_kind_and_repeats_create(heap: PartnerCaller) -> None:
    cohort = {"cohort_id": "aud_23WNzkzsTS3ydnKz5H71SEhMxls", "name": "j_o_jons__step_1_ns3i7"}
    entered = {"user_ids": ["user-1"], "device_ids": [], "aliases": []}
    left = {"user_ids": ["user-2"], "device_ids": [], "aliases": [], "should_remove": True}
    for _ in range(2):
        assert applied(heap.name(**cohort, created_at="2022-12-01T17:40:04.055Z"))
        assert applied(heap.users(entered, left, cohort_id=cohort["cohort_id"]))
    assert members(cohort["cohort_id"]) == {"user-1"}
    assert receipt() == {"asked": 2, "unchanged": 2}


def test_amplitude_repeats_a_call_not_answered_in_time(heap: PartnerCaller) -> None:
    ids = [f"user-{n}" for n in range(1000)]
    assert [heap.users(add(*ids)).status_code for _ in range(2)] == [201, 201]
    assert members() == {"user-1", "user-2", "user-3"}
    assert receipt() == {"asked": 1000, "unchanged": 3, "unmatched": 997}


def test_amperity_names_cohorts_with_spaces_and_capitals(heap: PartnerCaller) -> None:
    heap.users(add("user-1"), cohort_id="amperity-High Value Customers")
    heap.users(add("user-2"), cohort_id="amperity-high value customers")
    assert members("amperity-High Value Customers") == {"user-1"}
