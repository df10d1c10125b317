"""``preview_5_filters_p95``: how long the segment builder takes to show new numbers.

A marketer has five filters in the builder: a cohort and four attributes, one of each kind of
value. Each time one filter, in turn, gets a value that nobody has asked for before; the browser
posts the form and gets the sizes of the whole, of every group and filter, and a sample of people.
The 95th percentile, over HTTP, of what htmx would wait for.
"""

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from benchmarks.database import WORKSPACE
from benchmarks.figures import Figure, percentile
from benchmarks.portal import Portal, post
from cohorts.models import Cohort
from workspaces.models import Role, User, Workspace
from workspaces.opening import admit

EDITS = 60
FILTERS = 5
COHORTS = EDITS // FILTERS + 2
PAGE = f"/w/{WORKSPACE}/segments/new/"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
COUNTRIES = (
    "US",
    "FR",
    "GB",
    "DE",
    "CA",
    "ES",
    "MX",
    "BR",
    "PT",
    "IT",
    "BE",
    "NL",
    "CH",
    "AU",
    "JP",
)

MAKE_COHORTS = """
insert into cohorts_cohort (workspace_id, partner_id, cohort_id, name)
select %(workspace)s, partner.id, 'preview-' || n, 'Preview ' || n
from cohorts_partner as partner, generate_series(1, %(cohorts)s) as n
where slug = 'heap'
"""
# A twentieth of the people in each.
FILL_COHORTS = """
insert into cohorts_cohortmembership (cohort_id, profile_id, active, entered_at)
select cohort.id, profile.id, true, now()
from cohorts_cohort as cohort
join profiles_profile as profile
    on profile.workspace_id = %(workspace)s
    and profile.random_bucket / 500 = substring(cohort.cohort_id, 9)::int
where cohort.cohort_id like 'preview-%%'
"""

Filter = tuple[str, str, str]  # which, its operator, what is entered


def measure(portal: Portal, url: str) -> Figure:
    workspace = Workspace.objects.get(slug=WORKSPACE)
    _make_cohorts(workspace, url)
    connection = portal.connect()
    headers = _opened(connection, _signed_in(workspace))
    first, *edits = list(_drafts())
    post(connection, PAGE, _form(first), headers, expect=200)  # five new filters at once
    times = [post(connection, PAGE, _form(draft), headers, expect=200) for draft in edits]
    return Figure("preview_5_filters_p95", "ms", percentile(times, 0.95), target=300)


def _drafts() -> Iterator[list[Filter]]:
    """The five filters, then again and again with a new value in the next one of them."""
    cohorts = list(Cohort.objects.filter(cohort_id__startswith="preview-").values_list("pk"))
    draft = _values(0, cohorts[0][0])
    yield list(draft)
    for turn in range(EDITS):
        n, at = turn // FILTERS + 1, turn % FILTERS
        draft[at] = _values(n, cohorts[n][0])[at]
        yield list(draft)


def _values(n: int, cohort: int) -> list[Filter]:
    return [
        ("cohort:heap", "includes_any", str(cohort)),
        ("country", "any_of", f"US\n{COUNTRIES[n + 1]}"),
        ("custom_number:lifetime_value", "more", str(100 + n)),
        ("custom_array:interests", "includes_any", f"analytics\nnew-{n}"),
        ("custom_time:last_login", "less_ago", str(60 + n)),
    ]


def _form(filters: list[Filter]) -> bytes:
    fields = [("name", ""), ("tree-join", "all"), ("tree-node", "g0"), ("tree-g0-join", "all")]
    for i, (key, operator, value) in enumerate(filters):
        node = f"tree-g0-f{i}"
        fields += [("tree-node", f"g0-f{i}"), (f"{node}-filter", key)]
        fields += [(f"{node}-operator", operator), (f"{node}-value", value)]
    return urlencode(fields).encode()


def _make_cohorts(workspace: Workspace, url: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in (MAKE_COHORTS, FILL_COHORTS):
            connection.execute(statement, {"workspace": workspace.pk, "cohorts": COHORTS})
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum (analyze) cohorts_cohortmembership")


def _signed_in(workspace: Workspace) -> str:
    """Return the key of a session of a marketer of ``workspace``."""
    admit(workspace, "bench@example.com", Role.MARKETER)
    user = User.objects.get(email="bench@example.com")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _opened(connection: HTTPConnection, session: str) -> dict[str, str]:
    """Open the builder's page, and return the headers that htmx then sends with every edit."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    connection.request("GET", PAGE, headers={"Cookie": cookie})
    answer = connection.getresponse()
    text = answer.read()
    token = TOKEN.search(text)
    if answer.status != 200 or token is None:
        raise SystemExit(f"{PAGE} was answered {answer.status}: {text[:300]!r}")
    csrf = SimpleCookie(answer.headers["Set-Cookie"])[settings.CSRF_COOKIE_NAME].value
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"{cookie}; {settings.CSRF_COOKIE_NAME}={csrf}",
        "X-CSRFToken": token[1].decode(),
        "HX-Request": "true",
    }
