"""The demo: a workspace with fake people, and the story of a Heap sync sent over HTTP.

The story is what a partner does in its first hours: three cohorts with everybody in them, then
what changed. Sent a second time, most of it finds everybody where they were left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

import httpx
from django.db.models import Count, Q, Sum

from cohorts.models import Cohort, CohortImport
from cohorts.provisioning import Secrets
from profiles.fake import people
from workspaces.models import Workspace

MOST_IDENTIFIERS = 1000
COUNTS = ("asked", "added", "removed", "unchanged", "unmatched", "ignored")

DROP_OFFS = ("heap-4711", "Trial drop-offs")
ACTIVATED = ("heap-4712", "Activated this week")
POWER_USERS = ("heap-4713", "Power users")

Change = dict[str, Any]


class SyncRefused(Exception):
    """The portal answered a call of the story with something else than 201."""


@dataclass(frozen=True)
class Step:
    """A sentence of the story, and the ``cohort_changes`` of each users call it takes."""

    cohort: tuple[str, str]
    told: str
    calls: list[list[Change]]


@dataclass(frozen=True)
class Chapter:
    """A step that was sent: in how many calls, and what the ledger counted."""

    cohort: str
    told: str
    calls: int
    counts: dict[str, int]
    duration_ms: int


@dataclass
class Heap:
    """The partner's end of the wire: one connection, both keys in every body."""

    endpoint: str
    secrets: Secrets
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def send(self, path: str, **body: Any) -> None:
        """Make one call. Raises ``SyncRefused`` for any answer but 201."""
        keys = {
            "partner_api_key": self.secrets.partner_api_key,
            "client_secret": self.secrets.data_import_key,
        }
        answer = self.client.post(f"{self.endpoint}/partners/heap/{path}", json=keys | body)
        if answer.status_code != 201:
            raise SyncRefused(f"{path} was answered {answer.status_code}: {answer.text[:200]}")

    def name(self, cohort: tuple[str, str]) -> None:
        cohort_id, name = cohort
        self.send("cohorts", cohort_id=cohort_id, name=name, created_at="2026-09-01T08:00:00Z")

    def users(self, cohort: tuple[str, str], changes: list[Change]) -> None:
        self.send("cohorts/users", cohort_id=cohort[0], cohort_changes=changes)


def sync(endpoint: str, secrets: Secrets, workspace: Workspace, users: int) -> list[Chapter]:
    """Send the story for a workspace with ``user-1`` to ``user-<users>`` to the REST endpoint
    ``endpoint``; return what its ledger says of each step. Raises ``SyncRefused``."""
    heap = Heap(endpoint, secrets)
    chapters = []
    with heap.client:
        for cohort in (DROP_OFFS, ACTIVATED, POWER_USERS):
            heap.name(cohort)
        for step in story(users):
            before = CohortImport.objects.in_workspace(workspace).first()
            for changes in step.calls:
                heap.users(step.cohort, changes)
            chapters.append(_told(step, workspace, after=before.pk if before else 0))
    return chapters


def sizes(workspace: Workspace) -> list[tuple[str, int]]:
    """The cohorts of the workspace, each with how many people are in it now."""
    members = Count("memberships__profile", filter=Q(memberships__active=True))
    cohorts = Cohort.objects.in_workspace(workspace).annotate(members=members)
    return list(cohorts.order_by("name").values_list("name", "members"))


def story(users: int) -> Iterator[Step]:
    """What Heap sends, about people of whom there are ``user-1`` to ``user-<users>``."""
    everyone = range(1, users + 1)
    some = people.identified(everyone[: max(users // 4, 1)])
    aliases = [{"alias_label": label, "alias_name": name} for _, label, name in some.aliases]
    owned = [device for _, device in some.devices][:25]
    anonymous = [f"device-{n}" for n in range(1, users // 40 + 1)]
    unknown = [f"lead-{n}" for n in range(1, 41)]
    gone, new = everyone[59::60], everyone[30::60]

    yield Step(DROP_OFFS, "first sync, everybody in it", _adding(everyone[5::6]))
    yield Step(DROP_OFFS, "visitors, by their devices", [[{"device_ids": anonymous[:1000]}]])
    yield Step(DROP_OFFS, "people nobody here knows", [[{"user_ids": unknown}]])
    yield Step(DROP_OFFS, "phones of people with an ID", [[{"device_ids": owned}]])
    yield Step(ACTIVATED, "first sync, everybody in it", _adding(everyone[10::11]))
    yield Step(ACTIVATED, "people by their CRM alias", [[{"aliases": aliases[:1000]}]])
    yield Step(POWER_USERS, "first sync, everybody in it", _adding(everyone[::4]))
    yield Step(POWER_USERS, "one of these calls again", _adding(everyone[::4])[:1])
    yield Step(
        DROP_OFFS,
        "an hour later, in and out",
        [[{"user_ids": _users(gone), "should_remove": True}, {"user_ids": _users(new)}]],
    )


def _adding(numbers: range) -> list[list[Change]]:
    return [[{"user_ids": _users(part)}] for part in batched(numbers, MOST_IDENTIFIERS)]


def _users(numbers: Any) -> list[str]:
    return [f"user-{n}" for n in numbers]


def _told(step: Step, workspace: Workspace, *, after: int) -> Chapter:
    rows = CohortImport.objects.in_workspace(workspace).filter(pk__gt=after)
    sums = rows.aggregate(**{name: Sum(name, default=0) for name in (*COUNTS, "duration_ms")})
    counts = {name: sums[name] for name in COUNTS}
    return Chapter(step.cohort[1], step.told, len(step.calls), counts, sums["duration_ms"])
