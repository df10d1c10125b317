"""Charts, drawn from the tables under them: of daily sizes, and of events delivered by the hour."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from segments.models import Segment
from segments.sizes.daily import record_sizes
from tests.worlds.factories import ConnectorFactory
from workspaces.models import Member

pytestmark = pytest.mark.browser

DRAWN = "Chart.getChart(document.querySelector('canvas')).data.datasets"


def test_the_chart_draws_the_numbers_of_the_table(
    visit: Callable[..., Page], analyst: Member, drop_offs_segment: Segment
) -> None:
    record_sizes(drop_offs_segment.workspace)
    page = visit(analyst)
    page.goto(drop_offs_segment.get_absolute_url())
    numbers = f"{DRAWN}.map(line => [line.label, ...line.data])"
    assert page.evaluate(numbers) == [["Size", 40], ["Entered", 0], ["Left", 0]]


def test_the_chart_of_a_connector_draws_its_events_and_not_its_batches(
    visit: Callable[..., Page], analyst: Member
) -> None:
    connector = ConnectorFactory(workspace=analyst.workspace)
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    connector.hours.create(hour=hour, events=1200, batches=3)
    page = visit(analyst)
    page.goto(reverse("connector", args=[analyst.workspace.slug, connector.pk]))
    numbers = f"{DRAWN}.map(bars => [bars.label, bars.data.length, Math.max(...bars.data)])"
    assert page.evaluate(numbers) == [["Events", 24, 1200]]


def test_without_javascript_the_table_is_there(
    visit: Callable[..., Page], analyst: Member, drop_offs_segment: Segment
) -> None:
    record_sizes(drop_offs_segment.workspace)
    page = visit(analyst, java_script_enabled=False)
    page.goto(drop_offs_segment.get_absolute_url())
    page.get_by_text("Numbers", exact=True).click()
    expect(page.locator("#daily-sizes tbody td").first).to_have_text("40")
