"""Whatever is written, and however much of it, no bitmap misses it."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from profiles.models import Profile
from segments import audiences
from segments.attributes import Country
from segments.audiences import people_of
from segments.filters import load
from segments.models import LeafBitmap, LeafBuild
from segments.tree import load_tree
from tests.factories import AliasFactory, ProfileFactory
from tests.test_segment_audiences import leaf
from workspaces.models import Workspace

HAS_ALIAS = {"groups": [{"filters": [leaf("alias", "any")]}]}
FRENCH = {"groups": [{"filters": [leaf("country", "any_of", "FR")]}]}


def members(workspace: Workspace, tree: dict[str, Any]) -> list[int]:
    with people_of(workspace) as people:
        return list(load_tree(tree).audience(people))


def test_many_rows_of_one_person_hide_nobody(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audiences, "MOST_CAUGHT_UP", 2)
    one, other = (ProfileFactory(workspace=workspace) for _ in range(2))
    assert members(workspace, HAS_ALIAS) == []
    for _ in range(3):
        AliasFactory(profile=one)
    AliasFactory(profile=other)
    assert members(workspace, HAS_ALIAS) == [one.pk, other.pk]


def test_an_update_that_changes_a_filter_begins_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    french, german = (ProfileFactory(workspace=workspace, country=c) for c in ("FR", "DE"))
    assert members(workspace, FRENCH) == [french.pk]
    changed = replace(Country.operators["any_of"], sql="x <> all(%s)")
    monkeypatch.setitem(Country.operators, "any_of", changed)
    assert members(workspace, FRENCH) == [german.pk]


@pytest.mark.parametrize("number", [1.2345678901234567e19, 1e-7, 1.0, 12345678901234567891, 0.1])
def test_a_number_keeps_its_fingerprint_through_the_database(
    workspace: Workspace, number: float
) -> None:
    asked = load(leaf("custom_number:visits", "more", number))
    LeafBuild.objects.create(
        fingerprint="x", workspace=workspace, leaf=asked.dump(), asked_at=workspace.created_at
    )
    kept = load(LeafBuild.objects.get().leaf)
    assert (kept, kept.fingerprint(workspace)) == (asked, asked.fingerprint(workspace))


@pytest.mark.django_db(transaction=True)
def test_marks_of_another_cluster_are_no_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiences, "MOST_CAUGHT_UP", 2)
    workspace = ProfileFactory(country="FR").workspace
    for _ in range(2):
        ProfileFactory(workspace=workspace)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("update profiles_profile set changed = '999999999'::xid8")
    members(workspace, FRENCH)
    built = {leaf.pk: leaf.stored_at for leaf in LeafBitmap.objects.all()}
    added = ProfileFactory(workspace=workspace, country="FR")
    assert members(workspace, FRENCH)[1:] == [added.pk]
    assert {leaf.pk: leaf.stored_at for leaf in LeafBitmap.objects.all()} == built


@pytest.mark.django_db(transaction=True)
def test_what_was_written_in_a_savepoint_is_seen() -> None:
    person = ProfileFactory(country="DE")
    assert members(person.workspace, FRENCH) == []
    with transaction.atomic():
        ProfileFactory(workspace=person.workspace)
        with transaction.atomic():
            Profile.objects.filter(pk=person.pk).update(country="FR")
    assert members(person.workspace, FRENCH) == [person.pk]
