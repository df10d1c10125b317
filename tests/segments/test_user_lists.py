"""Fixed lists of people: uploaded with a receipt that adds up, or frozen from a segment."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pyroaring import BitMap

from campaigns.models import Campaign
from profiles.models import Profile
from segments.audiences.people import people_of
from segments.lists.filter import UserListFilter
from segments.models import Segment, UserList, UserListMember
from tests.worlds.factories import (
    AliasFactory,
    DeviceFactory,
    ProfileFactory,
    SegmentFactory,
    UserListFactory,
)
from workspaces.models import AuditEntry, Workspace

NEW = "/w/acme/segments/lists/new/"
HEAD = "external_id,braze_id,alias_label,alias_name,email,phone,device_id\n"


def upload(client: Client, file: str | bytes, name: str = "VIPs") -> Any:
    content = file.encode() if isinstance(file, str) else file
    return client.post(NEW, {"name": name, "file": SimpleUploadedFile("people.csv", content)})


def receipt(user_list: UserList) -> tuple[int, ...]:
    counts = (user_list.added, user_list.repeated, user_list.unmatched, user_list.invalid)
    assert user_list.rows == sum(counts)
    return counts


def members(user_list: UserList) -> set[int]:
    return set(UserListMember.objects.filter(user_list=user_list).values_list("profile", flat=True))


def audience(workspace: Workspace, *lists: UserList, operator: str = "includes_any") -> set[int]:
    on_them = UserListFilter("", operator, tuple(str(each.pk) for each in lists))
    with people_of(workspace) as people:
        assert set(on_them.audience(people)) == set(
            on_them.audience(people.among(BitMap(people.everyone())))
        )
        return set(on_them.audience(people))


def naming(user_list: UserList, operator: str = "includes_any") -> dict[str, Any]:
    leaf = {"filter": "user_list", "operator": operator, "value": [str(user_list.pk)]}
    return {"groups": [{"filters": [leaf]}]}


def test_every_row_of_a_file_is_on_the_receipt(
    marketer_client: Client, workspace: Workspace
) -> None:
    ann = ProfileFactory(workspace=workspace, external_id="ann", phone="+33 6 12-34")
    alias = AliasFactory(profile=ann, label="crm", name="7")
    device = DeviceFactory(profile__workspace=workspace, device_id="phone-1")
    taken = DeviceFactory(profile=ann, device_id="phone-2")
    rows = [
        "ann,,,,,,",
        ",,crm,7,,,",
        ",,,,,+336 1234,",
        f",{ann.braze_id.upper()},,,,,",
        ",,,,,,phone-1",
        ",,,,,,phone-2",
        "nobody,,,,,,",
        ",,,,,,",
        ",,crm,,,,",
        "too,few",
        f"{'x' * 998},,,,,,",
    ]
    upload(marketer_client, HEAD + "\n".join(rows))
    made = UserList.objects.get()
    assert receipt(made) == (2, 3, 2, 4)
    assert members(made) == {alias.profile_id, device.profile_id}
    assert made.unmatched_sample == [["device_id", taken.device_id], ["external_id", "nobody"]]


def test_everybody_who_shares_an_address_is_added(
    marketer_client: Client, workspace: Workspace
) -> None:
    family = {ProfileFactory(workspace=workspace, email="Us@example.com").pk for _ in range(3)}
    ProfileFactory(email="us@example.com")
    upload(marketer_client, "Email\nus@EXAMPLE.com\nUS@example.com\n")
    made = UserList.objects.get()
    assert (receipt(made), members(made)) == ((1, 1, 0, 0), family)


def test_a_row_is_matched_by_its_first_identifier(
    marketer_client: Client, workspace: Workspace
) -> None:
    ProfileFactory(workspace=workspace, external_id="ann", email="ann@example.com")
    upload(marketer_client, "email,user_id\nann@example.com,ann\nann@example.com,bob\n")
    assert receipt(UserList.objects.get()) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    "file",
    [
        "user-1\nuser-2\n",
        "user-1\r\n\r\n user-2 \r\n",
        '"user-1"\n"user-2"',
        "external_id\nuser-1\nuser-2\n",
        "Name;User ID\nAnn;user-1\nBob;user-2\n",
        'User_ID\tname\nuser-1\t"a\nb"\nuser-2\t\n',
        "\ufeffexternal_id\nuser-1\nuser-2\n",
        "external_id\nuser-1\nuser-2\n".encode("utf-16"),
    ],
)
def test_files_come_in_many_dresses(
    marketer_client: Client, workspace: Workspace, file: Any
) -> None:
    for number in (1, 2):
        ProfileFactory(workspace=workspace, external_id=f"user-{number}")
    upload(marketer_client, file)
    assert receipt(UserList.objects.get()) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "The submitted file is empty."),
        ("\ufeff", "The file is empty."),
        ("external_id\n\n", "The file has a header and no rows."),
        (b"email\na@example.com\nJos\xe9\n", "Line 3 is not valid UTF-8."),
        ("external_id\nuser-1\n".encode("utf-16") + b"\x00", "Line 3 is not valid UTF-8."),
        (b"external_id\nuser-1\nus\0er\n", "Line 3 has a null character in it."),
        ('external_id\nuser-1\n"user-2\nuser-3\n', "Line 3: a quotation mark is missing"),
        ('external_id\n"user"-1\n', "Line 2: a quotation mark is missing"),
        ('"user-1\n', "Line 1: a quotation mark is missing"),
        ("name,city\nAnn,Paris\n", "Line 1 names no known column."),
        ("alias_name\n7\n", "Line 1: an alias takes two columns, alias_label and alias_name."),
        ("email,email\na,b\n", "Line 1 names the column email twice."),
        ("external_id\n" + "x" * 70_000, "Line 2 is longer than 65,536 characters."),
    ],
)
def test_a_file_that_cannot_be_read_saves_nothing(
    marketer_client: Client, workspace: Workspace, file: Any, message: str
) -> None:
    ProfileFactory(workspace=workspace, external_id="user-1")
    answer = upload(marketer_client, file)
    assert message in answer.context["form"].errors["file"][0]
    assert not UserList.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_file_that_is_too_large_is_refused(
    marketer_client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segments.lists.forms.MOST_BYTES", 10)
    assert "larger than 10" in upload(marketer_client, "x" * 11).context["form"].errors["file"][0]
    monkeypatch.setattr("segments.lists.files.MOST_ROWS", 2)
    answer = upload(marketer_client, "a\nb\nc\n")
    assert answer.context["form"].errors == {"file": ["The file has more than 2 rows."]}


def test_a_large_file_is_read_from_disk(
    marketer_client: Client, workspace: Workspace, settings: Any
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    people = [ProfileFactory(workspace=workspace) for _ in range(3)]
    rows = [str(people[number % 3]) for number in range(25_000)]
    upload(marketer_client, "\n".join([*rows, "caf\u00e9\\\t"]))
    made = UserList.objects.get()
    assert receipt(made) == (3, 24_997, 1, 0)
    assert made.unmatched_sample == [["external_id", "caf\u00e9\\"]]


def test_a_name_is_taken_once(marketer_client: Client, workspace: Workspace) -> None:
    UserListFactory(workspace=workspace, name="VIPs")
    answer = upload(marketer_client, "user-1\n")
    assert answer.context["form"].non_field_errors() == ["Another list has this name."]


def test_a_bitmap_follows_its_list(marketer_client: Client, workspace: Workspace) -> None:
    people = [ProfileFactory(workspace=workspace) for _ in range(3)]
    upload(marketer_client, "\n".join(str(each) for each in people[:2]))
    made = UserList.objects.get()
    assert audience(workspace, made) == {people[0].pk, people[1].pk}
    assert audience(workspace, made, operator="includes_none") == {people[2].pk}
    people[0].delete()
    assert audience(workspace, made) == {people[1].pk}
    UserList.objects.all().delete()
    assert audience(workspace, made) == set()


def test_a_list_of_another_workspace_is_empty(workspace: Workspace) -> None:
    theirs = UserListFactory()
    profile = ProfileFactory(workspace=theirs.workspace)
    UserListMember.objects.create(user_list=theirs, profile=profile)
    assert audience(workspace, theirs) == set()


def test_the_page_of_a_list_shows_its_receipt(
    marketer_client: Client, workspace: Workspace
) -> None:
    profile = ProfileFactory(workspace=workspace, external_id="ann")
    page = marketer_client.get(upload(marketer_client, "ann\nann\nbob\n").url)
    assert [count for *_said, count in page.context["parts"]] == [1, 1, 1, 0]
    assert page.context["unmatched"] == [("external_id", "bob")]
    assert page.context["people"].count == 1
    profile.delete()
    page = marketer_client.get(UserList.objects.get().get_absolute_url())
    assert page.context["people"].count == 0


def test_personal_data_of_the_sample_is_hidden_from_analysts(
    analyst_client: Client, marketer_client: Client, workspace: Workspace
) -> None:
    url = upload(marketer_client, "email,phone\na@example.com,\n,+33612\n").url
    assert "a@example.com" in marketer_client.get(url).text
    page = analyst_client.get(url)
    assert page.context["unmatched"] == [("email", "hidden"), ("phone", "hidden")]
    assert "a@example.com" not in page.text


def test_freezing_a_segment_keeps_who_was_in_it(
    marketer_client: Client, workspace: Workspace
) -> None:
    leaf = {"filter": "country", "operator": "equals", "value": ["FR"]}
    tree = {"groups": [{"filters": [leaf]}]}
    segment = SegmentFactory(workspace=workspace, name="French", tree=tree)
    french = {ProfileFactory(workspace=workspace, country="FR").pk for _ in range(3)}
    url = reverse("segment-freeze", args=["acme", segment.pk])
    assert marketer_client.get(url).context["form"]["name"].value().startswith("French, ")
    assert marketer_client.post(url, {"name": "Then"}).status_code == 302
    made = UserList.objects.get()
    Profile.objects.update(country="DE")
    assert (receipt(made), made.segment, members(made)) == ((3, 0, 0, 0), segment, french)
    assert audience(workspace, made) == french


def test_a_frozen_list_needs_a_name_of_its_own(
    marketer_client: Client, workspace: Workspace
) -> None:
    segment = SegmentFactory(workspace=workspace)
    UserListFactory(workspace=workspace, name="Then")
    url = reverse("segment-freeze", args=["acme", segment.pk])
    answer = marketer_client.post(url, {"name": "Then"})
    assert answer.context["form"].non_field_errors() == ["Another list has this name."]


def test_a_segment_is_made_from_a_list(marketer_client: Client, workspace: Workspace) -> None:
    user_list = UserListFactory(workspace=workspace, name="VIPs")
    page = marketer_client.get(user_list.get_absolute_url())
    draft = marketer_client.post("/w/acme/segments/new/", hidden_fields(page))
    assert draft.context["builder"].sentence == "Everyone for whom User list includes VIPs"
    assert draft.context["form"]["name"].value() == "VIPs"


def hidden_fields(page: Any) -> dict[str, list[str]]:
    from re import findall

    fields: dict[str, list[str]] = {"action": ["tree:refresh"]}
    for name, value in findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text):
        fields.setdefault(name, []).append(value)
    return fields


def test_a_list_in_use_is_not_deleted(marketer_client: Client, workspace: Workspace) -> None:
    user_list = UserListFactory(workspace=workspace)
    url = reverse("user-list-delete", args=["acme", user_list.pk])
    Segment.objects.create(workspace=workspace, name="Of the list", tree=naming(user_list))
    Campaign.objects.create(
        workspace=workspace, name="Not to them", tree=naming(user_list, "includes_none")
    )
    answer = marketer_client.post(url)
    assert answer.status_code == 409
    assert [use.name for use in answer.context["uses"]] == ["Of the list", "Not to them"]
    assert UserList.objects.exists()


def test_a_list_is_deleted_on_record(marketer_client: Client, workspace: Workspace) -> None:
    user_list = UserListFactory(workspace=workspace, name="VIPs")
    profile = ProfileFactory(workspace=workspace)
    UserListMember.objects.create(user_list=user_list, profile=profile)
    marketer_client.post(reverse("user-list-delete", args=["acme", user_list.pk]))
    assert not UserList.objects.exists()
    assert Profile.objects.get() == profile
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject) == ("Deleted User List", "VIPs")


def test_a_segment_says_that_its_list_is_gone(
    marketer_client: Client, workspace: Workspace
) -> None:
    user_list = UserListFactory(workspace=workspace)
    ProfileFactory(workspace=workspace)
    segment = SegmentFactory(workspace=workspace, tree=naming(user_list))
    user_list.delete()
    page = marketer_client.get(segment.get_absolute_url())
    assert "User list includes a list that was deleted" in page.text
    assert "A list that this filter names was deleted. It counts as empty." in page.text


def test_what_a_list_says_of_a_person(workspace: Workspace) -> None:
    profile = ProfileFactory(workspace=workspace)
    user_list = UserListFactory(workspace=workspace, name="VIPs")
    on_it = UserListFilter("", "includes_any", (str(user_list.pk),))
    assert on_it.seen(workspace, profile, user_list.created_at) == ""
    UserListMember.objects.create(user_list=user_list, profile=profile)
    assert on_it.seen(workspace, profile, user_list.created_at).startswith("in VIPs of ")


@pytest.mark.parametrize("number", [1, 3])
def test_lists_take_the_same_queries_whatever_their_number(
    marketer_client: Client,
    workspace: Workspace,
    number: int,
    django_assert_num_queries: Any,
) -> None:
    lists = [UserListFactory(workspace=workspace) for _ in range(number)]
    for user_list in lists:
        SegmentFactory(workspace=workspace, tree=naming(user_list))
    url = reverse("user-list-list", args=["acme"])
    marketer_client.get(url)
    with django_assert_num_queries(15):
        assert len(marketer_client.get(url).context["rows"]) == number
