"""A database of an earlier release is brought up to date with what it holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from benchmarks.worlds import database
from braze_portal import embedded_postgres
from lib.wording import in_words

ROOT: Path = settings.BASE_DIR
SEGMENT = """
insert into workspaces_workspace (uid, slug, name, time_zone, created_at)
values (gen_random_uuid(), 'acme', 'Acme', 'UTC', now());
insert into segments_segment
    (id, workspace_id, name, description, tags, tree, created_at, updated_at)
select gen_random_uuid(), id, 'Everyone', '', '[]', '{}', now(), now() from workspaces_workspace;
insert into profiles_profile (
    workspace_id, created_at, external_id, email, phone, first_name, last_name, gender, home_city,
    country, language, time_zone, email_subscribe, push_subscribe, custom, braze_id
)
select id, now(), 'user-1', '', '', '', '', '', '', '', '', '', '', '', '{}', 'b1'
from workspaces_workspace;
"""
CONNECTOR = """
insert into workspaces_workspace (uid, slug, name, time_zone, created_at)
values (gen_random_uuid(), 'acme', 'Acme', 'UTC', now());
insert into currents_connector (
    id, workspace_id, name, url, sealed_token, event_types, batch_size, flush_seconds, gzip,
    transformations, state, created_at
)
select gen_random_uuid(), id, 'Heap', 'https://x/', '', '{}', 100, 2, false, '{}', 'active', now()
from workspaces_workspace;
insert into currents_deliveryerror
    (connector_id, event_type, at, status, detail, words, events, dropped)
select connector.id, 'a', now(), said.*, 1, 0 from currents_connector as connector, (values
    (null, 'The name %(host)s was not found', '{"host": "\u00fcber.example"}'::jsonb),
    (null, 'The answer took too long', '{}'),
    (503, '["out", {}] % for lunch', '{}')
) as said;
"""
ERRORS = "select status, detail from currents_deliveryerror order by id"
KEPT = """
select segment.name, version.name, profile.external_id
from segments_segment as segment
join segments_segmentversion as version on version.segment_id = segment.id
cross join profiles_profile as profile
"""


@pytest.fixture
def url(db: None) -> Iterator[str]:
    server = os.environ.get("DATABASE_URL") or embedded_postgres.url(ROOT / "var" / "postgres")
    with database.scratch(server, f"{connection.settings_dict['NAME']}_upgrade") as address:
        yield address


def migrate(url: str, *target: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *target]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)


def test_the_first_release_is_brought_up_to_date(url: str) -> None:
    for app, name in (("segments", "0001"), ("cohorts", "0003")):
        migrate(url, app, name)
    with psycopg.connect(url, autocommit=True) as old:
        old.execute(SEGMENT)
    migrate(url)
    with psycopg.connect(url) as new:
        assert new.execute(KEPT).fetchall() == [("Everyone", "Everyone", "user-1")]


def test_why_receivers_did_not_answer_is_still_told(url: str) -> None:
    migrate(url, "currents", "0003")
    with psycopg.connect(url, autocommit=True) as old:
        old.execute(CONNECTOR)
        before = old.execute(ERRORS).fetchall()
    migrate(url, "currents")
    with psycopg.connect(url) as new:
        told = [detail if status else in_words(detail) for status, detail in new.execute(ERRORS)]
    assert told == [
        "The name über.example was not found",
        "The answer took too long",
        '["out", {}] % for lunch',
    ]
    migrate(url, "currents", "0003")
    with psycopg.connect(url) as old:
        assert old.execute(ERRORS).fetchall() == before
