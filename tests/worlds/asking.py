"""Asking a filter in the other ways in which the portal asks it."""

from pyroaring import BitMap

from segments.audiences import reading
from segments.audiences.people import People
from segments.filters.base import Filter


def asked_beside_its_like(people: People, item: Filter) -> BitMap:
    """Return for whom ``item`` holds, asked together with another filter of its kind."""
    everyone = people.everyone()
    query = item.query(people.workspace, people.now)
    inside, again = reading.read_among([query, query], everyone)
    assert inside == again
    return everyone - inside if item.negative else inside
