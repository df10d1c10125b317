"""What the benchmarks write: cohorts with members, and small changes while one measures."""

import random

import psycopg
from pyroaring import BitMap

from cohorts.models import Cohort
from workspaces.models import Workspace

#: Each holds a twentieth of the people, so that together they hold everybody once.
COHORTS = 20
WIDTH = 10_000 // COHORTS
ROWS = 10

MAKE_COHORTS = """
insert into cohorts_cohort (workspace_id, partner_id, cohort_id, name)
select %s, partner.id, 'bench-' || n, 'Bench ' || n
from cohorts_partner as partner, generate_series(1, %s) as n
where slug = 'heap'
"""
FILL_COHORT = """
insert into cohorts_cohortmembership (cohort_id, profile_id, active, entered_at)
select %s, id, true, now() from profiles_profile
where workspace_id = %s and random_bucket between %s and %s
order by id
"""
CHANGE_PROFILES = """
update profiles_profile
set country = case country when 'US' then 'FR' when 'FR' then 'US' else country end,
    email_subscribe = case email_subscribe
        when 'subscribed' then 'unsubscribed' when 'unsubscribed' then 'subscribed'
        else email_subscribe end
where id = any(%s)
"""
# Ten in a row from somebody drawn.
CHANGE_MEMBERS = """
update cohorts_cohortmembership set active = not active
where cohort_id = %s and profile_id in (
    select profile_id from cohorts_cohortmembership
    where cohort_id = %s and profile_id >= %s order by profile_id limit %s
)
"""


def cohorts(workspace: Workspace, url: str) -> list[int]:
    """Return the ids of the benchmarks' own cohorts; make and fill them if this run did not yet."""
    known = Cohort.objects.in_workspace(workspace).filter(cohort_id__startswith="bench-")
    if not known.exists():
        _make_cohorts(workspace, url)
    return list(known.order_by("pk").values_list("pk", flat=True))


def _make_cohorts(workspace: Workspace, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(MAKE_COHORTS, (workspace.pk, COHORTS))
        trust_references(connection)
        made = connection.execute("select id from cohorts_cohort where cohort_id like 'bench-%'")
        for n, (pk,) in enumerate(made.fetchall()):
            bounds = (n * WIDTH, (n + 1) * WIDTH - 1)
            connection.execute(FILL_COHORT, (pk, workspace.pk, *bounds))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum (analyze) cohorts_cohortmembership")


def trust_references(connection: psycopg.Connection) -> None:
    """Spare the look-up of each foreign key, for a superuser, until the connection ends."""
    allowed = connection.execute("select current_setting('is_superuser') = 'on'").fetchone()
    if allowed == (True,):
        connection.execute("set session_replication_role = replica")


class Changes:
    """Somebody who writes a little at a time, by a connection of their own."""

    def __init__(self, connection: psycopg.Connection, people: BitMap) -> None:
        """``connection`` commits by itself; ``people`` are the ids to draw from."""
        self._connection = connection
        self._people = people
        self._chance = random.Random(1)

    def write(self, cohort: int) -> None:
        """Change ten people, and whether ten of them are in ``cohort``."""
        self._connection.execute(CHANGE_PROFILES, (self._drawn(ROWS),))
        (first,) = self._drawn(1)
        self._connection.execute(CHANGE_MEMBERS, (cohort, cohort, first, ROWS))

    def _drawn(self, many: int) -> list[int]:
        return [self._people[self._chance.randrange(len(self._people))] for _ in range(many)]
