"""A regular expression that would run for hours ends in time and is told, not thrown."""

from typing import Any

import pytest
from django.test import Client

from segments import building
from segments.models import LeafBuild
from tests.factories import ProfileFactory
from tests.test_segment_pages import HTMX, NEW, builder
from workspaces.models import Workspace

#: Back-references over a text that has none of what they want: hours of trying.
EVIL = r"^(a|aa)+(a+)(a+)b\1\2\3c$"


@pytest.fixture
def evil(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The builder with such a filter, with little patience."""
    monkeypatch.setattr(building, "TIMEOUT_MS", 300)
    ProfileFactory(workspace=workspace, custom={"bio": "a" * 3000 + "b" + "a" * 3001 + "c"})
    return builder([("custom_string:bio", "matches", EVIL)])


def test_a_page_does_not_wait_for_it(marketer_client: Client, evil: dict[str, Any]) -> None:
    answer = marketer_client.post(NEW, evil, headers=HTMX)
    assert answer.status_code == 200
    assert "The exact number follows by itself." in answer.text


def test_the_job_gives_up_and_the_page_says_why(
    marketer_client: Client, evil: dict[str, Any]
) -> None:
    marketer_client.post(NEW, evil, headers=HTMX)
    for asked in LeafBuild.objects.all():
        building.build(asked.pk)
    answer = marketer_client.post(NEW, evil, headers=HTMX)
    said = "An exact size could not be worked out: canceling statement due to statement timeout"
    assert said in answer.text


@pytest.mark.parametrize("pattern", ["(a{1,255}){1,255}", "(", r"\2"])
def test_what_is_no_expression_or_too_complex_is_refused(
    marketer_client: Client, workspace: Workspace, pattern: str
) -> None:
    answer = marketer_client.post(NEW, builder([("city", "matches", pattern)]), headers=HTMX)
    assert "This is not a regular expression." in answer.text
