"""ClickHouse and DuckDB, with the people and memberships of the benchmarks' workspace.

Loaded once a run from the same rows, which PostgreSQL writes to two CSV files: custom attributes
as columns of their own, arrays as arrays, memberships as a second table. ClickHouse has them in
MergeTree ordered by id, its few-valued strings as LowCardinality, all parts merged; DuckDB in its
own file. Both run in this process and on all processors.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb
import psycopg
from chdb.session import Session

Count = Callable[[str], int]

PEOPLE = """
copy (
    select id, nullif(country, ''), nullif(language, ''), random_bucket, email, email_subscribe,
        email_hard_bounced_at is not null, email_marked_spam_at is not null,
        custom ->> 'lifetime_value', custom ->> 'logins', custom ->> 'plan',
        coalesce(custom ->> 'interests', '[]'), custom ->> 'last_login', created_at
    from profiles_profile where workspace_id = %s
) to stdout (format csv)
"""
MEMBERS = """
copy (
    select cohort_id, profile_id, active::int from cohorts_cohortmembership
    where cohort_id in (select id from cohorts_cohort where workspace_id = %s)
) to stdout (format csv)
"""

CLICKHOUSE = """
create table people (
    id UInt32, country LowCardinality(Nullable(String)), language LowCardinality(Nullable(String)),
    random_bucket UInt16, email String, email_subscribe LowCardinality(String),
    hard_bounced Bool, marked_spam Bool, lifetime_value Nullable(Float64),
    logins Nullable(UInt32), plan LowCardinality(Nullable(String)),
    interests Array(LowCardinality(String)), last_login Nullable(String), created_at String
) engine = MergeTree order by id;
insert into people
select id, country, language, random_bucket, email, email_subscribe, hard_bounced = 't',
    marked_spam = 't', lifetime_value, logins, plan,
    JSONExtract(interests, 'Array(String)'), last_login, created_at
from file('{people}', 'CSV', 'id UInt32, country Nullable(String), language Nullable(String),
    random_bucket UInt16, email String, email_subscribe String, hard_bounced String,
    marked_spam String, lifetime_value Nullable(Float64), logins Nullable(UInt32),
    plan Nullable(String), interests String, last_login Nullable(String), created_at String')
settings format_csv_null_representation = '', max_insert_threads = 1;
optimize table people final;
create table members (cohort_id UInt32, profile_id UInt32, active Bool)
engine = MergeTree order by (cohort_id, profile_id);
insert into members select cohort_id, profile_id, active
from file('{members}', 'CSV', 'cohort_id UInt32, profile_id UInt32, active UInt8');
optimize table members final
"""

DUCKDB = """
create table people as
select id, country, language, random_bucket, coalesce(email, '') as email, email_subscribe,
    hard_bounced, marked_spam, lifetime_value, logins, plan,
    from_json(interests, '["VARCHAR"]') as interests, last_login, created_at
from read_csv('{people}', header = false, columns = {{
    id: 'UINTEGER', country: 'VARCHAR', language: 'VARCHAR', random_bucket: 'USMALLINT',
    email: 'VARCHAR', email_subscribe: 'VARCHAR', hard_bounced: 'BOOLEAN', marked_spam: 'BOOLEAN',
    lifetime_value: 'DOUBLE', logins: 'UINTEGER', plan: 'VARCHAR', interests: 'VARCHAR',
    last_login: 'VARCHAR', created_at: 'VARCHAR'
}}) order by id;
create table members as
select * from read_csv('{members}', header = false, columns = {{
    cohort_id: 'UINTEGER', profile_id: 'UINTEGER', active: 'BOOLEAN'
}}) order by cohort_id, profile_id;
checkpoint
"""


@contextmanager
def loaded(url: str, workspace_id: int) -> Iterator[dict[str, Count]]:
    """Give, by the name of each peer, what counts by a statement of its SQL."""
    with TemporaryDirectory() as folder:
        files = _exported(url, workspace_id, Path(folder))
        clickhouse = Session(f"{folder}/clickhouse")
        with duckdb.connect(f"{folder}/duckdb") as duck:
            for statement in CLICKHOUSE.format(**files).split(";"):
                clickhouse.query(statement)
            duck.execute(DUCKDB.format(**files))
            try:
                yield {
                    "ClickHouse": lambda sql: int(clickhouse.query(sql, "CSV").data()),
                    "DuckDB": lambda sql: int(duck.execute(sql).fetchall()[0][0]),
                }
            finally:
                clickhouse.close()


def warm_median(ask: Callable[[], object], rounds: int) -> float:
    """Ask twice to warm up, then ``rounds`` times; return the median in milliseconds."""
    times = []
    for _ in range(2 + rounds):
        started = perf_counter()
        ask()
        times.append((perf_counter() - started) * 1000)
    return statistics.median(times[2:])


def _exported(url: str, workspace_id: int, folder: Path) -> dict[str, Path]:
    files = {"people": folder / "people.csv", "members": folder / "members.csv"}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for name, statement in (("people", PEOPLE), ("members", MEMBERS)):
            with files[name].open("wb") as file, cursor.copy(statement, (workspace_id,)) as rows:
                for part in rows:
                    file.write(part)
    return files
