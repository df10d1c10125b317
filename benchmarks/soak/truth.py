"""Plain SQL, and whether the portal says the same. Asked while all writers are held still."""

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from zipfile import ZipFile

import httpx
from django.db import OperationalError, connections
from django.utils import timezone

from benchmarks.soak.books import Books
from benchmarks.soak.clients import ANSWER_SECONDS, ATTRIBUTE, EVENTS, PATIENCE_SECONDS
from benchmarks.soak.world import World
from segments.models import Segment
from segments.trees.tree import load_tree

ESTIMATED = "≈"
UNKNOWN = "–"
#: Each look has a connection of its own, so that all web processes are asked.
LOOKS = 4
EXACT_SECONDS = 60
MOST_NAMED = 5

MEMBERS = """
select c.cohort_id, p.external_id from cohorts_cohortmembership m
join cohorts_cohort c on c.id = m.cohort_id join profiles_profile p on p.id = m.profile_id
where m.active
"""
ATTRIBUTES = f"""
select external_id, (custom->>'{ATTRIBUTE}')::int from profiles_profile
where custom ? '{ATTRIBUTE}'
"""
FOUND_EVENTS = """
select properties->>'soak_id', count(*) from profiles_event
where properties ? 'soak_id' group by 1
"""
TOTALS = """
select name, sum(count) from profiles_eventtotal where name = any(%s) group by 1 order by 1
"""
SUMMED = """
select name, count(*) from profiles_event where name = any(%s) group by 1 order by 1
"""
APPLIED = "select count(*) from cohorts_cohortimport where outcome = 'applied' and call = 'users'"
PEOPLE = "select count(*), count(external_id) from profiles_profile where workspace_id = %s"


def ask(sql: str, parameters: Any = None) -> list[Any]:
    """Return the rows of ``sql``, by a connection that no crash has ended."""
    return _on_a_new_connection(lambda: _rows(sql, parameters))


def _rows(sql: str, parameters: Any) -> list[Any]:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _on_a_new_connection[T](question: Callable[[], T]) -> T:
    for attempt in range(20):
        try:
            return question()
        except OperationalError:
            connections.close_all()
            if attempt == 19:
                raise
            time.sleep(0.5)
    raise AssertionError


def members_of(world: World, segment: Segment) -> list[str | None]:
    """Return the external ids of all who are in a segment, by plain SQL."""

    def question() -> list[str | None]:
        said = load_tree(segment.tree).condition(world.workspace, timezone.now())
        asked = f"select external_id from profiles_profile as p where {said.sql}"
        return [name for (name,) in _rows(asked, said.params)]

    return _on_a_new_connection(question)


def check_books(books: Books) -> None:
    """Compare what was answered 2xx with what is there."""
    inside: dict[str, set[str]] = {}
    for cohort, name in ask(MEMBERS):
        inside.setdefault(cohort, set()).add(name)
    for cohort, expected in books.members.items():
        _compare_sets(books, f"members of {cohort}", inside.get(cohort, set()), expected)
    attributes = dict(ask(ATTRIBUTES))
    wrong = {
        n: (attributes.get(n), v) for n, v in books.attributes.items() if attributes.get(n) != v
    }
    if wrong:
        books.violate(f"{len(wrong)} attributes (there, answered): {_some(wrong.items())}")
    there = dict(ask(FOUND_EVENTS))
    if lost := books.events.keys() - there.keys():
        books.violate(f"{len(lost)} events that were answered 2xx are lost: {_some(lost)}")
    twice = {name for name, most in books.events.items() if there.get(name, 0) > most}
    if twice:
        books.violate(f"{len(twice)} events are there more often than sent: {_some(twice)}")
    totals, summed = ask(TOTALS, [list(EVENTS)]), ask(SUMMED, [list(EVENTS)])
    if totals != summed:
        books.violate(f"totals of events {totals} instead of {summed}")
    [(applied,)] = ask(APPLIED)
    if not books.imports <= applied <= books.imports + books.unsure_imports:
        books.violate(f"{applied} imports in the ledger, {books.imports} were answered 2xx")


def _compare_sets(books: Books, what: str, there: set[str], expected: set[str]) -> None:
    if there != expected:
        lost, more = expected - there, there - expected
        books.violate(f"{what}: {len(lost)} missing {_some(lost)}, {len(more)} more {_some(more)}")


def _some(names: Any) -> list[Any]:
    return sorted(names)[:MOST_NAMED]


class Pages:
    """Compares the pages with plain SQL."""

    def __init__(self, world: World, url: str, books: Books) -> None:
        self.world, self.url, self.books = world, url, books
        #: How many numbers were compared, how many of them were exact and wrong, and how many
        #: stayed estimates.
        self.compared = self.wrong = self.estimated = 0

    def compare(self) -> None:
        expected = self._expected()
        until = time.monotonic() + EXACT_SECONDS
        for _ in range(LOOKS):
            with self._browser() as browser:
                waits = self._look(browser, expected)
                while waits and time.monotonic() < until:
                    time.sleep(1)
                    waits = self._look(browser, expected)
                self.estimated += waits

    def glance(self) -> None:
        """Have all web processes read who is in which segment."""
        for _ in range(LOOKS):
            with self._browser() as browser:
                _page(browser, "/w/acme/segments/")

    def _browser(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, timeout=ANSWER_SECONDS, trust_env=False, **self.world.browser
        )

    def _expected(self) -> dict[str, int]:
        sizes = {s.name: len(members_of(self.world, s)) for s in self.world.segments}
        [(everyone, identified)] = ask(PEOPLE, [self.world.workspace.pk])
        return sizes | {"everyone": everyone, "identified": identified}

    def _look(self, browser: httpx.Client, expected: dict[str, int]) -> int:
        """Read all pages once; return how many numbers were not exact."""
        estimated = 0
        for page, name, shown in self._shown(browser):
            if ESTIMATED in shown or shown == UNKNOWN:
                estimated += 1
                continue
            self.compared += 1
            if shown != f"{expected[name]:,}":
                self.wrong += 1
                self.books.violate(f"{page}, {name}: {shown} instead of {expected[name]:,}")
        return estimated

    def _shown(self, browser: httpx.Client) -> Iterator[tuple[str, str, str]]:
        """Give each number: its page, what it counts, and what the page says."""
        listed = _page(browser, "/w/acme/segments/")
        yield "list", "everyone", _found(r"([^<>\n]*) users in this workspace", listed)
        for segment in self.world.segments:
            yield "list", segment.name, _found(rf'id="size-{segment.pk}"[^>]*>([^<]*)<', listed)
            own = _page(browser, f"/w/acme/segments/{segment.pk}/")
            yield "page", segment.name, _found(r'id="segment-size">([^<]*)<', own)
            yield "page", "everyone", _found(r"of ([^<>]*) users in this workspace", own)
        campaign = _page(browser, f"/w/acme/campaigns/{self.world.campaign.pk}/")
        target = self.world.segments[0].name
        yield "campaign", target, _found(r'id="audience-size">([^<]*)<', campaign)
        yield "campaign", "everyone", _found(r"of ([^<>]*) users", campaign)
        overview = _page(browser, "/w/acme/")
        yield "overview", "everyone", _found(r'class="figure-number">([^<]*)<', overview)
        yield "overview", "identified", _found(r"([^<>\n]*) identified", overview)

    def compare_export(self, segment: Segment, *, within: float) -> bool:
        """Have the people of ``segment`` exported, and compare the file; tell whether it came."""
        expected = {name for name in members_of(self.world, segment) if name}
        asked = {"segment_id": str(segment.pk), "fields_to_export": ["external_id"]}
        until = time.monotonic() + within
        with httpx.Client(
            base_url=self.url,
            timeout=ANSWER_SECONDS,
            trust_env=False,
            headers=self.world.rest_headers,
        ) as http:
            begun = http.post("/users/export/segment", json=asked)
            if not begun.is_success:
                return False
            while time.monotonic() < until:
                time.sleep(0.5)
                file = http.get(begun.json()["url"])
                if file.status_code == 200:
                    there = set(_exported(file.content))
                    _compare_sets(self.books, f"export of {segment}", there, expected)
                    self.compared += 1
                    return True
        return False


def _page(browser: httpx.Client, path: str) -> str:
    """Return a page. The portal may be just coming back: it is asked for until it is there."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = browser.get(path)
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code == 200:
            return answer.text
        if time.monotonic() > until:
            raise SystemExit(f"{path} was not answered for {PATIENCE_SECONDS} s")
        time.sleep(0.5)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"The page does not hold {pattern}")
    return found[1].strip()


def _exported(archive: bytes) -> Iterator[str]:
    with ZipFile(io.BytesIO(archive)) as files:
        for name in files.namelist():
            for line in files.read(name).splitlines():
                if external_id := json.loads(line).get("external_id"):
                    yield external_id
