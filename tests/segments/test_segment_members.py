"""The people of a segment, page by page and by search."""

import re
from typing import Any

import pytest
from django.test import Client

from segments.models import Segment
from tests.segments.test_segment_sizes import FRENCH_TREE
from tests.worlds.factories import AliasFactory, ProfileFactory, SegmentFactory
from tests.worlds.markup import squeezed
from workspaces.models import Workspace


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return SegmentFactory(workspace=workspace, name="French", tree=FRENCH_TREE)


def asked(client: Client, segment: Segment, **query: Any) -> Any:
    return client.get(f"{segment.get_absolute_url()}users/", query)


def test_only_those_inside_are_listed(analyst_client: Client, french: Segment) -> None:
    inside = [ProfileFactory(workspace=french.workspace, country="FR") for _ in range(3)]
    ProfileFactory(workspace=french.workspace, country="DE")
    members = asked(analyst_client, french).context["members"]
    assert (members.people, members.size.count) == (inside, 3)


@pytest.mark.parametrize(("count", "said"), [(1, "1 user"), (2, "2 users")])
def test_everybody_is_counted_and_leads_to_their_page(
    analyst_client: Client, french: Segment, count: int, said: str
) -> None:
    inside = [ProfileFactory(workspace=french.workspace, country="FR") for _ in range(count)]
    page = asked(analyst_client, french).text
    assert re.findall(r'id="members-title">(.*?)<', squeezed(page)) == [said]
    assert re.findall(r"/w/acme/users/(\w+)/", page) == [person.braze_id for person in inside]


@pytest.mark.parametrize(("page", "ranks"), [("1", (0, 50)), ("2", (50, 100)), ("3", (100, 101))])
def test_any_page_is_read_by_rank(
    analyst_client: Client, french: Segment, page: str, ranks: tuple[int, int]
) -> None:
    inside = [ProfileFactory(workspace=french.workspace, country="FR") for _ in range(101)]
    members = asked(analyst_client, french, page=page).context["members"]
    assert members.people == inside[slice(*ranks)]


@pytest.mark.parametrize("page", ["0", "99", "nonsense"])
def test_a_page_that_does_not_exist_is_the_nearest(
    analyst_client: Client, french: Segment, page: str
) -> None:
    person = ProfileFactory(workspace=french.workspace, country="FR")
    assert asked(analyst_client, french, page=page).context["members"].people == [person]


@pytest.mark.parametrize("count", [1, 3])
def test_many_are_shown_by_the_same_queries(
    analyst_client: Client, french: Segment, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        AliasFactory(profile=ProfileFactory(workspace=french.workspace, country="FR"))
    asked(analyst_client, french)  # builds the bitmaps
    with django_assert_num_queries(16):
        assert len(asked(analyst_client, french).context["members"].people) == count


@pytest.mark.parametrize("text", ["user-1", "a@example.com", "+331", "email_hash:x"])
def test_a_search_tells_who_is_inside_and_who_is_not(
    marketer_client: Client, french: Segment, text: str
) -> None:
    person = ProfileFactory(
        workspace=french.workspace, external_id="user-1", email="a@example.com", phone="+331"
    )
    AliasFactory(profile=person, label="email_hash", name="x")
    members = asked(marketer_client, french, q=text).context["members"]
    assert (members.people, members.outside) == ([], [person])
    type(person).objects.update(country="FR")
    members = asked(marketer_client, french, q=text).context["members"]
    assert (members.people, members.outside) == ([person], [])


@pytest.mark.parametrize(
    ("text", "found"), [("a@example.com", 0), ("+331", 0), ("user-1", 1), ("email_hash:x", 1)]
)
def test_an_analyst_finds_nobody_by_personal_data(
    analyst_client: Client, french: Segment, text: str, found: int
) -> None:
    names = {"external_id": "user-1", "email": "a@example.com", "phone": "+331", "country": "FR"}
    AliasFactory(profile=ProfileFactory(workspace=french.workspace, **names), name="x")
    assert len(asked(analyst_client, french, q=text).context["members"].people) == found


def test_a_search_for_nobody_says_so(analyst_client: Client, french: Segment) -> None:
    assert "Nobody." in asked(analyst_client, french, q="nobody").text


def test_analysts_see_no_personal_data(
    analyst_client: Client, marketer_client: Client, french: Segment
) -> None:
    personal = {"first_name": "Zoé", "last_name": "Durand", "email": "z@example.com"}
    person = ProfileFactory(workspace=french.workspace, country="FR", phone="+3399", **personal)
    urls = [f"{french.get_absolute_url()}{page}" for page in ("users/", "")]
    for url in [*urls, f"/w/acme/users/?q={person.external_id}"]:
        shown = [word in marketer_client.get(url).text for word in personal.values()]
        hidden = [word in analyst_client.get(url).text for word in (*personal.values(), "+3399")]
        assert (shown, hidden) == ([True] * 3, [False] * 4)
        assert "are shown to marketers and admins." in analyst_client.get(url).text


def test_a_segment_that_cannot_be_answered_says_so(
    analyst_client: Client, workspace: Workspace
) -> None:
    leaf = {"filter": "segment", "operator": "includes_any", "value": ["0" * 32]}
    segment = SegmentFactory(workspace=workspace, tree={"groups": [{"filters": [leaf]}]})
    assert asked(analyst_client, segment).status_code == 200


def test_htmx_gets_the_results_alone(analyst_client: Client, french: Segment) -> None:
    url = f"{french.get_absolute_url()}users/?q=x"
    answer = analyst_client.get(url, headers={"HX-Request": "true"})
    assert answer.text.strip().startswith('<div id="results">')
