"""The chart of daily sizes, drawn from the table under it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from segments.models import Segment
from segments.sizes.daily import record_sizes
from workspaces.models import Member

pytestmark = pytest.mark.browser


def test_the_chart_draws_the_numbers_of_the_table(
    visit: Callable[..., Page], analyst: Member, drop_offs_segment: Segment
) -> None:
    record_sizes(drop_offs_segment.workspace)
    page = visit(analyst)
    page.goto(drop_offs_segment.get_absolute_url())
    drawn = "Chart.getChart(document.querySelector('canvas')).data.datasets"
    numbers = f"{drawn}.map(line => [line.label, ...line.data])"
    assert page.evaluate(numbers) == [["Size", 40], ["Entered", 0], ["Left", 0]]


def test_without_javascript_the_table_is_there(
    visit: Callable[..., Page], analyst: Member, drop_offs_segment: Segment
) -> None:
    record_sizes(drop_offs_segment.workspace)
    page = visit(analyst, java_script_enabled=False)
    page.goto(drop_offs_segment.get_absolute_url())
    page.get_by_text("Numbers", exact=True).click()
    expect(page.locator("#daily-sizes tbody td").first).to_have_text("40")
