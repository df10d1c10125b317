"""The numbers beside the builder: the funnel of a group, who is left, what a draft would change."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign
from segments.audiences.estimates import Size
from segments.audiences.pending import Pending
from segments.builder.builder import Builder
from segments.builder.reach import WAYS
from segments.models import LeafBuild, Segment
from tests.worlds.factories import SegmentFactory
from tests.worlds.markup import squeezed
from tests.worlds.targeting_world import builder_fields, leaf, make_people, tree_of
from workspaces.models import Workspace

HTMX = {"HX-Request": "true"}
FRENCH = leaf("country", "any_of", "FR")
HAS_ADDRESS = leaf("email", "not_blank")
OPTED_IN = leaf("email_subscribe", "is", "opted_in")
UNSUBSCRIBED = leaf("email_subscribe", "is", "unsubscribed")


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


def measured(client: Client, workspace: Workspace, tree: Any) -> Builder:
    segment = SegmentFactory(workspace=workspace, tree=tree)
    builder: Builder = client.get(f"{segment.get_absolute_url()}edit/").context["builder"]
    return builder


@pytest.mark.parametrize(
    ("join", "after"), [("all", [7, 6, 3]), ("any", [7, 10, 10])], ids=["falls", "rises"]
)
def test_a_group_has_a_funnel(
    marketer_client: Client, workspace: Workspace, french: Segment, join: str, after: list[int]
) -> None:
    tree = {"groups": [{"join": join, "filters": [FRENCH, HAS_ADDRESS, OPTED_IN]}]}
    (group,) = measured(marketer_client, workspace, tree).groups
    assert [leaf.size for leaf in group.filters] == [Size(7), Size(9), Size(4)]
    assert [leaf.running for leaf in group.filters] == [Size(number) for number in after]
    assert (group.size, group.left) == (Size(after[-1]), None)


def test_groups_say_what_is_left_of_the_whole(
    marketer_client: Client, workspace: Workspace, french: Segment
) -> None:
    tree = {
        "join": "any",
        "groups": [{"filters": [OPTED_IN]}, {"filters": [FRENCH]}],
        "exclusions": [{"filters": [UNSUBSCRIBED]}],
    }
    builder = measured(marketer_client, workspace, tree)
    groups = builder.groups + builder.exclusions
    assert [(group.size, group.left) for group in groups] == [
        (Size(4), Size(4)),
        (Size(7), Size(8)),
        (Size(1), Size(7)),
    ]
    assert builder.size == Size(7)


def test_an_exclusion_says_how_many_remain(
    marketer_client: Client, workspace: Workspace, french: Segment
) -> None:
    segment = SegmentFactory(workspace=workspace, tree=tree_of(excluded=(FRENCH,)))
    page = marketer_client.get(f"{segment.get_absolute_url()}edit/")
    assert "3 remain (30.0%)" in page.text


def changed(client: Client, segment: Segment, *filters: Any) -> Any:
    url = f"{segment.get_absolute_url()}edit/"
    return client.post(url, builder_fields(*filters), headers=HTMX)


def test_a_draft_says_who_would_enter_and_leave(marketer_client: Client, french: Segment) -> None:
    answer = changed(marketer_client, french, ("email_subscribe", "is", "opted_in"))
    impact = answer.context["impact"]
    assert (impact.enter, impact.leave) == (Size(1), Size(4))
    assert '<p class="m-0" id="impact-size">1 enter, 4 leave.</p>' in squeezed(answer.text)
    same = changed(marketer_client, french, ("country", "any_of", "FR"))
    assert "Nobody enters or leaves." in same.text


def test_a_draft_says_what_it_would_change(marketer_client: Client, french: Segment) -> None:
    outer = SegmentFactory(workspace=french.workspace, name="Outer")
    outer.nested.add(french)
    outermost = SegmentFactory(workspace=french.workspace, name="Outermost")
    outermost.nested.add(outer)
    campaign = Campaign.objects.create(workspace=french.workspace, name="Win back")
    campaign.segments.add(outermost)
    uses = changed(marketer_client, french).context["impact"].uses
    assert [(str(use.kind), use.name) for use in uses] == [
        ("Campaign", "Win back"),
        ("Segment", "Outer"),
        ("Segment", "Outermost"),
    ]


def test_a_new_segment_has_no_impact(marketer_client: Client, french: Segment) -> None:
    answer = marketer_client.post("/w/acme/segments/new/", builder_fields(), headers=HTMX)
    assert "impact" not in answer.context


def waiting(*reasons: str) -> Pending:
    builds = [LeafBuild(reason=reason, next_try=timezone.now()) for reason in reasons]
    return Pending(tuple(builds))


def test_a_page_asks_again_until_all_is_exact(marketer_client: Client, french: Segment) -> None:
    page = render_to_string("segments/parts/pending.html", {"pending": waiting("", "too long")})
    assert 'hx-trigger="every 700ms"' in page
    assert "hx-trigger" not in render_to_string(
        "segments/parts/pending.html", {"pending": Pending()}
    )
    exact = marketer_client.get(f"{french.get_absolute_url()}edit/").text
    assert "every 700ms" not in exact


def test_what_failed_says_why_and_is_asked_for_less_often() -> None:
    page = render_to_string(
        "segments/parts/pending.html", {"pending": waiting("canceled <by> time")}
    )
    assert 'hx-trigger="every 10s"' in page
    assert "canceled &lt;by&gt; time" in page
    assert "It is tried again" in page


def test_an_estimate_is_never_shown_without_its_mark() -> None:
    sizes = {"size": Size(1_240_000, 9_000), "reaches": [(WAYS["email"], Size(900_000, 9_000))]}
    context = sizes | {"builder": {"everyone": Size(5_000_000)}}
    shown = squeezed(render_to_string("segments/parts/summary.html", context))
    assert "≈ 1.24M ± 0.01M</p>" in shown
    assert "Email</dt><dd>≈ 900.00k ± 9.00k</dd>" in shown
    node = {"path": "g0", "size": Size(500, 20), "running": Size(20, 5)}
    shown = render_to_string(
        "segments/parts/size.html", {"node": node, "b": {"everyone": Size(1000)}}
    )
    assert "≈ 500 ± 20 users" in shown
    assert "≈ 20 ± 5 after it (2.0%)" in shown


def test_what_a_filter_misses_is_an_empty_element_until_there_is_something() -> None:
    note = render_to_string("segments/parts/leaf_error.html", {"leaf": {}})
    assert note.strip().endswith("></div>")


def test_a_list_says_which_archived_segments_are_nested(
    analyst_client: Client, workspace: Workspace
) -> None:
    outer = SegmentFactory(workspace=workspace, name="Outer")
    outer.nested.add(SegmentFactory(workspace=workspace, name="Old", archived_at=timezone.now()))
    page = analyst_client.get("/w/acme/segments/")
    assert "Nests archived segments: Old" in squeezed(page.text)


def test_a_list_is_asked_for_its_sizes_alone(analyst_client: Client, french: Segment) -> None:
    headers = HTMX | {"HX-Trigger": "sizes"}
    answer = analyst_client.get("/w/acme/segments/", headers=headers)
    assert f'id="size-{french.pk}" hx-swap-oob="true">7</span>' in squeezed(answer.text)
    assert "<table" not in answer.text


NOT_PARIS = leaf("city", "not_equals", "Paris")
NOT_LYON = leaf("city", "not_equals", "Lyon")


@pytest.mark.parametrize(
    ("join", "filters", "notes"),
    [
        ("any", [NOT_PARIS, NOT_LYON], 1),
        ("all", [NOT_PARIS, NOT_LYON], 0),
        ("any", [NOT_PARIS, NOT_PARIS], 0),
        ("any", [NOT_PARIS, leaf("city", "equals", "Lyon")], 0),
        ("any", [NOT_PARIS, leaf("country", "none_of", "FR")], 0),
    ],
)
def test_a_group_warns_of_two_denials_of_which_any_may_hold(
    marketer_client: Client, workspace: Workspace, join: str, filters: Any, notes: int
) -> None:
    tree = {"groups": [{"join": join, "filters": filters}]}
    segment = SegmentFactory(workspace=workspace, tree=tree)
    for page in ("", "edit/"):
        shown = marketer_client.get(segment.get_absolute_url() + page).text
        assert shown.count("Several filters exclude values of “City”") == notes
