"""``/users/track`` with 75 objects about existing people, drawn at random from all.

``track_75_attributes``: each object sets six attributes, all of them new. Median of interleaved
pairs: our call over HTTP on a connection kept alive, and the floor, the same people and values as
one bare upsert over psycopg in a transaction of its own. They take turns in going first.

``track_75_events``: 75 events with two properties; the floor is ``COPY`` of as many rows into the
same table, whose profile ids it is given.

``track_4conn_p95``: four connections at once, each with calls of 75 attributes and 75 events; the
95th percentile over all calls.
"""

import json
import random
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.worlds.bench import Bench
from benchmarks.worlds.figures import Figure, percentile
from benchmarks.worlds.portal import post
from profiles.identity import look_up
from workspaces.api_keys.keys import generate_api_key
from workspaces.models import RestApiKey, Workspace

CALL = 75
PAIRS = 80
CONNECTIONS = 4
CALLS_EACH = 40
#: By which the events are known that are deleted in the end.
APP = "track-benchmark"
NAMES = ["track_score", "track_level", "track_seen", "track_active", "track_tags"]

UPSERT = """
insert into profiles_profile as person (
    workspace_id, external_id, image_url, custom, braze_id, created_at, country, language,
    email_subscribe, push_subscribe, gender, email, home_city, first_name, last_name, phone,
    time_zone
)
select %s, said.external_id, said.image_url, said.custom, substr(md5(said.external_id), 1, 24),
    now(), '', '', 'subscribed', 'subscribed', '', '', '', '', '', '', ''
from json_to_recordset(%s) as said (external_id text, image_url text, custom jsonb)
order by said.external_id
on conflict (workspace_id, external_id) do update
    set image_url = excluded.image_url, custom = person.custom || excluded.custom
"""
COPY = """
copy profiles_event (workspace_id, profile_id, kind, name, time, app_id, properties) from stdin
"""
UNDO = """
update profiles_profile set image_url = '', custom = custom - %s::text[]
where workspace_id = %s and custom ? 'track_score'
"""

Call = Callable[[list[int]], float]


def measure(bench: Bench) -> Iterator[Figure]:
    """Give the three figures, and leave the people as they were."""
    workspace, drawn = bench.workspace, _drawn(bench.users)
    key, secret = generate_api_key(workspace, name="bench", permissions=["users.track"])
    try:
        with psycopg.connect(bench.url, autocommit=True) as connection:
            ours = _over_http(bench.portal.connect(), secret, "attributes")
            yield _compared("track_75_attributes", ours, _upsert(connection, workspace), drawn)
            ours = _over_http(bench.portal.connect(), secret, "events")
            yield _compared("track_75_events", ours, _copy(connection, workspace), drawn)
        yield _four_at_once(bench, secret, drawn)
    finally:
        RestApiKey.objects.filter(pk=key.pk).delete()
        with psycopg.connect(bench.url, autocommit=True) as connection:
            connection.execute(UNDO, (NAMES, workspace.pk))
            connection.execute("delete from profiles_event where app_id = %s", [APP])


def _compared(name: str, ours: Call, floor: Call, drawn: Iterator[list[int]]) -> Figure:
    times: dict[Call, list[float]] = {ours: [], floor: []}
    for warm in (ours, floor):
        warm(next(drawn))
    for turn in range(PAIRS):
        people = next(drawn)
        for call in (ours, floor) if turn % 2 else (floor, ours):
            times[call].append(call(people))
    medians = {call: statistics.median(took) for call, took in times.items()}
    peers = {"bare SQL" if name.endswith("attributes") else "COPY": medians[floor]}
    return Figure(name, "ms", medians[ours], peers, target=2, target_is_ratio=True)


def _four_at_once(bench: Bench, secret: str, drawn: Iterator[list[int]]) -> Figure:
    shares = [[next(drawn) for _ in range(CALLS_EACH)] for _ in range(CONNECTIONS)]

    def send(share: list[list[int]]) -> list[float]:
        call = _over_http(bench.portal.connect(), secret, "attributes", "events")
        return [call(people) for people in share]

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        times = [took for share in pool.map(send, shares) for took in share]
    return Figure("track_4conn_p95", "ms", percentile(times, 0.95), target=250)


def _over_http(connection: HTTPConnection, secret: str, *arrays: str) -> Call:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    makers = {"attributes": _attributes, "events": _event}
    turns = count(1)

    def call(people: list[int]) -> float:
        turn = next(turns)
        body = {name: [makers[name](n, turn) for n in people] for name in arrays}
        return post(connection, "/users/track", json.dumps(body).encode(), headers, expect=201)

    return call


def _upsert(connection: psycopg.Connection, workspace: Workspace) -> Call:
    turns = count(1)

    def call(people: list[int]) -> float:
        rows = [_attributes(n, -next(turns)) for n in people]
        said = [
            {
                "external_id": row["external_id"],
                "image_url": row["image_url"],
                "custom": {name: row[name] for name in NAMES},
            }
            for row in rows
        ]
        started = perf_counter()
        with connection.transaction():
            connection.execute(UPSERT, (workspace.pk, json.dumps(said)))
        return (perf_counter() - started) * 1000

    return call


def _copy(connection: psycopg.Connection, workspace: Workspace) -> Call:
    def call(people: list[int]) -> float:
        ids = look_up.by_external_id(workspace.pk, [f"user-{n}" for n in people])
        events = [_event(n, 0) for n in people]
        started = perf_counter()
        with connection.transaction(), connection.cursor().copy(COPY) as copy:
            for event in events:
                properties = json.dumps(event["properties"])
                whose = (workspace.pk, ids[event["external_id"]])
                copy.write_row(
                    (*whose, "custom", event["name"], event["time"], event["app_id"], properties)
                )
        return (perf_counter() - started) * 1000

    return call


def _attributes(number: int, turn: int) -> dict[str, Any]:
    return {
        "external_id": f"user-{number}",
        "image_url": f"https://images.example.com/{number}/{turn}.png",
        "track_score": turn,
        "track_level": f"level {turn}",
        "track_seen": f"2026-10-{abs(turn) % 28 + 1:02}T10:00:00Z",
        "track_active": turn % 2 == 0,
        "track_tags": ["one", f"tag {turn}"],
    }


def _event(number: int, turn: int) -> dict[str, Any]:
    return {
        "external_id": f"user-{number}",
        "app_id": APP,
        "name": ("Viewed page", "Searched", "Exported report")[number % 3],
        "time": f"2026-10-{number % 28 + 1:02}T10:00:00Z",
        "properties": {"page": number, "turn": f"turn {turn}"},
    }


def _drawn(users: int) -> Iterator[list[int]]:
    """People for one call after the other, without end."""
    chance = random.Random(1)
    while True:
        yield chance.sample(range(1, users + 1), CALL)
