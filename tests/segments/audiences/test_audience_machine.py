"""Whatever happens in whatever order, every size is the one that plain SQL counts.

A machine draws imports, edits, events, merges, deletions, transactions left open in another
connection, moves of the clock and restarts of the process. After any of them it draws trees and
asks for their people twice: from the bitmaps, and by one SQL query for the whole tree.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from profiles.events import NewEvent, record_events
from profiles.models import Alias, Device, EventKind, Profile
from segments.audiences import bitmaps
from segments.audiences.people import people_of, this_minute
from segments.models import Segment
from segments.trees.tree import load_tree
from tests.conftest import signed_in
from tests.segments.audiences.test_segment_audiences import PEOPLE, TREES, named
from tests.worlds.factories import (
    CohortFactory,
    MemberFactory,
    ProfileFactory,
    SegmentFactory,
    UserListFactory,
)
from tests.worlds.partner_calls import add, connect, remove
from tests.worlds.rest_callers import rest_caller

PERSON = st.integers(min_value=0, max_value=5)
STEPS = st.sampled_from([timedelta(minutes=1), timedelta(hours=5), timedelta(days=40)])
EVENTS = st.builds(
    dict,
    kind=st.sampled_from(EventKind),
    name=st.sampled_from(["Signed up", "sku-1"]),
    amount=st.sampled_from([None, Decimal("12.5")]),
    properties=st.sampled_from([{}, {"plan": "pro", "steps": 3}]),
)
NAMES: list[tuple[Any, dict[str, str]]] = [
    (Alias, {"label": "crm", "name": "n"}),
    (Device, {"device_id": "d"}),
]


def another_connection() -> psycopg.Connection:
    """Open a connection to the test's database that Django does not know of."""
    known = connection.get_connection_params()
    return psycopg.connect(
        **{key: known[key] for key in ("dbname", "user", "host", "port") if key in known}
    )


class Portal(RuleBasedStateMachine):
    """One workspace, a partner that syncs a cohort, and a clock of its own."""

    @initialize()
    def open(self) -> None:
        member = MemberFactory()
        self.workspace = member.workspace
        self.client = signed_in(member)
        self.heap = connect(self.workspace)
        self.caller = rest_caller(self.workspace)
        self.cohort = CohortFactory(workspace=self.workspace, cohort_id="c1")
        self.other_cohort = CohortFactory(workspace=self.workspace, cohort_id="c2")
        self.user_list = UserListFactory(workspace=self.workspace)
        self.nested = SegmentFactory(workspace=self.workspace)
        self.segment = SegmentFactory(workspace=self.workspace)
        self.now = this_minute()
        self.held: int | None = None
        self.other = another_connection()
        for _ in range(3):
            ProfileFactory(workspace=self.workspace)

    def teardown(self) -> None:
        self.other.close()

    def person(self, number: int, *, free: bool = False) -> Profile | None:
        """Return one of the first people; if ``free``, none whose row another transaction holds."""
        people = Profile.objects.in_workspace(self.workspace).order_by("pk")
        person = people[number] if number < people.count() else None
        return None if person and free and person.pk == self.held else person

    def call(self, path: str, **body: Any) -> None:
        """Send a call of the REST API, which must be answered with success."""
        assert self.caller.post(f"/users/{path}", body).json()["message"] == "success"

    @staticmethod
    def identifier(person: Profile) -> dict[str, Any]:
        """Return how a call names ``person``: everybody anonymous has an alias of their own."""
        if person.external_id is not None:
            return {"external_id": person.external_id}
        alias = person.aliases.get(label="email_hash")
        return {"user_alias": {"alias_label": alias.label, "alias_name": alias.name}}

    # What happens

    @rule(known=PEOPLE)
    def somebody_comes(self, known: Any) -> None:
        ProfileFactory(workspace=self.workspace, **known)

    @rule(number=PERSON, known=PEOPLE)
    def somebody_changes(self, number: int, known: Any) -> None:
        if person := self.person(number, free=True):
            Profile.objects.filter(pk=person.pk).update(**known)

    @rule(known=PEOPLE)
    def somebody_comes_without_a_name(self, known: Any) -> None:
        name = f"anonymous-{Profile.objects.count()}-{timezone.now()}"
        alias = {"alias_label": "email_hash", "alias_name": name}
        self.call("alias/new", user_aliases=[alias])
        Profile.objects.filter(aliases__name=name).update(**known)

    @rule(number=PERSON, as_number=PERSON)
    def somebody_is_identified(self, number: int, as_number: int) -> None:
        """As another one, or where there is none by a name of their own."""
        person, known = self.person(number, free=True), self.person(as_number, free=True)
        if person and person.external_id is None:
            external_id = (known and known.external_id) or f"identified-{person.pk}"
            item = self.identifier(person) | {"external_id": external_id}
            self.call("identify", aliases_to_identify=[item])

    @rule(number=PERSON, into_number=PERSON)
    def two_are_merged(self, number: int, into_number: int) -> None:
        merged, kept = self.person(number, free=True), self.person(into_number, free=True)
        if merged and kept:
            pair = {
                "identifier_to_merge": self.identifier(merged),
                "identifier_to_keep": self.identifier(kept),
            }
            self.call("merge", merge_updates=[pair])

    @rule(number=PERSON)
    def somebody_is_deleted(self, number: int) -> None:
        if person := self.person(number, free=True):
            self.call("delete", braze_ids=[person.braze_id])

    @rule(
        numbers=st.lists(PERSON, max_size=3),
        leaving=st.booleans(),
        cohort_id=st.sampled_from(["c1", "c2"]),
    )
    def the_partner_syncs(self, numbers: list[int], leaving: bool, cohort_id: str) -> None:
        people = [self.identifier(person) for n in numbers if (person := self.person(n))]
        change = (remove if leaving else add)(
            *(sent["external_id"] for sent in people if "external_id" in sent),
            aliases=[sent["user_alias"] for sent in people if "user_alias" in sent],
        )
        assert self.heap.users(change, cohort_id=cohort_id).status_code == 201

    @rule(number=PERSON, listed=st.booleans())
    def a_list_changes(self, number: int, listed: bool) -> None:
        if person := self.person(number):
            self.user_list.members.filter(profile=person).delete()
            if listed:
                self.user_list.members.create(profile=person)

    @rule(number=PERSON, event=EVENTS, days=st.integers(min_value=0, max_value=9))
    def somebody_does_something(self, number: int, event: Any, days: int) -> None:
        if person := self.person(number):
            at = timezone.now() - timedelta(days=days, hours=1)
            record_events(self.workspace, [NewEvent(person.pk, time=at, **event)])

    @rule(number=PERSON)
    def an_event_is_struck_out(self, number: int) -> None:
        if (person := self.person(number)) and (event := person.events.first()):
            event.delete()

    @rule(number=PERSON, coming=st.booleans())
    def names_come_and_go(self, number: int, coming: bool) -> None:
        if person := self.person(number):
            for model, values in NAMES:
                model.objects.filter(workspace=self.workspace, **values).delete()
                if coming:
                    model.objects.create(workspace=self.workspace, profile=person, **values)

    @rule(step=STEPS)
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @rule()
    def the_process_starts_anew(self) -> None:
        bitmaps.cached.clear()

    @rule(number=PERSON, country=st.sampled_from(["FR", "DE"]))
    def another_writes_and_does_not_commit(self, number: int, country: str) -> None:
        self.another_ends(kept=True)
        if person := self.person(number):
            self.held = person.pk
            self.other.execute(
                "update profiles_profile set country = %s where id = %s", [country, person.pk]
            )

    @rule(kept=st.booleans())
    def another_ends(self, kept: bool) -> None:
        self.held = None
        (self.other.commit if kept else self.other.rollback)()

    # What must hold

    @rule(tree=TREES, nested=TREES)
    def bitmaps_say_what_sql_says(self, tree: Any, nested: Any) -> None:
        tree, nested = self.placed(tree), self.placed(nested, nesting=False)
        Segment.objects.filter(pk=self.nested.pk).update(tree=nested)
        assert self.by_bitmaps(tree) == self.by_sql(tree)

    @rule(tree=TREES)
    def pages_show_what_the_bitmap_holds(self, tree: Any) -> None:
        tree = self.placed(tree, nesting=False)
        Segment.objects.filter(pk=self.segment.pk).update(tree=tree)
        with people_of(self.workspace) as people:
            size = len(load_tree(tree).audience(people))
        for page in ("segment-list", "segment"):
            args = [self.workspace.slug, *([self.segment.pk] if page == "segment" else [])]
            shown = self.client.get(reverse(page, args=args)).context
            sizes = {s.pk: s.size for s in shown["page"]} if page == "segment-list" else {}
            assert sizes.get(self.segment.pk, shown.get("size")).count == size

    def placed(self, tree: Any, *, nesting: bool = True) -> Any:
        """Put what exists into a drawn tree; without nesting, no other segment."""
        names = {
            "COHORT": str(self.cohort.pk),
            "OTHER_COHORT": str(self.other_cohort.pk),
            "LIST": str(self.user_list.pk),
            "SEGMENT": str(self.nested.pk),
        }
        tree = named(tree, names)
        if not nesting:
            for group in tree["groups"] + tree["exclusions"]:
                group["filters"] = [f for f in group["filters"] if f["filter"] != "segment"]
        return tree

    def by_bitmaps(self, tree: Any) -> set[int]:
        with people_of(self.workspace, now=self.now) as people:
            return set(load_tree(tree).audience(people))

    def by_sql(self, tree: Any) -> set[int]:
        condition = load_tree(tree).condition(self.workspace, self.now)
        with connection.cursor() as cursor:
            cursor.execute(
                f"select id from profiles_profile where workspace_id = %s and ({condition.sql})",
                [self.workspace.pk, *condition.params],
            )
            return {pk for (pk,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_every_size_is_what_plain_sql_counts() -> None:
    run_state_machine_as_test(
        Portal,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
