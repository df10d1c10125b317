"""The people of a segment, page by page and by search."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.paginator import Page, Paginator
from pyroaring import BitMap

from profiles.models import Profile
from profiles.person.search import search
from segments.audiences.estimates import Size
from segments.audiences.patience import ALONE_SECONDS, PAGE_SECONDS
from segments.audiences.pending import Pending, pending_of
from segments.audiences.people import people_of
from segments.filters.base import NotReady
from segments.models import Segment

PER_PAGE = 50


@dataclass
class Members:
    """What a page of people shows: all as of one snapshot.

    ``outside`` are those who were searched for and are known, but not in the segment. Without a
    search, ``page`` says which page this is; it is None while the bitmap is not ready, and then
    ``pending`` says what it waits for.
    """

    size: Size | None = None
    people: list[Profile] = field(default_factory=list)
    outside: list[Profile] = field(default_factory=list)
    page: Page | None = None
    pending: Pending = Pending()


def page_of_members(segment: Segment, number: str | None) -> Members:
    """Return one page of the people of ``segment``, by id. Any page costs the same."""
    with people_of(segment.workspace, within=PAGE_SECONDS) as people:
        tree = people.tree(segment.pk)
        members = Members(size=people.size(tree))
        try:
            audience = tree.audience(people)
        except NotReady:
            members.pending = pending_of(people)
            return members
        # The bitmap is sorted: its ranks are the places in the list.
        members.page = Paginator(audience, PER_PAGE).get_page(number)
        members.people = profiles(list(members.page))
    return members


def search_members(segment: Segment, text: str, *, personal: bool) -> Members:
    """Return those known by ``text`` who are in ``segment``, and those who are not.

    Without ``personal``, nobody is found by an e-mail address or a phone number. Exact whether or
    not the bitmaps of the segment are ready: it asks about these few alone. Raises ``NotReady`` if
    even that takes too long.
    """
    with people_of(segment.workspace, within=PAGE_SECONDS) as people:
        tree = people.tree(segment.pk)
        known = search(segment.workspace, text, personal=personal)
        found = list(known.prefetch_related("aliases", "devices"))
        ids = BitMap([person.pk for person in found])
        inside = tree.audience(people.among(ids, within=ALONE_SECONDS))
        return Members(
            people=[person for person in found if person.pk in inside],
            outside=[person for person in found if person.pk not in inside],
        )


def profiles(ids: Iterable[int]) -> list[Profile]:
    """Return the profiles of ``ids`` with their aliases, by id."""
    known = Profile.objects.filter(pk__in=list(ids)).prefetch_related("aliases")
    return list(known.order_by("pk"))
