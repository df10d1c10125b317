"""Applying the calls of a partner: one call, one transaction, one line in the ledger."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.conf import settings
from django.utils import timezone

from cohorts.callers import Caller
from cohorts.serializers import Change
from lib.statements import Statements
from lib.transactions import retried
from profiles.identity import look_up

statements = Statements.beside(__file__, prepared=True)
UNMATCHED_SAMPLE = 100


@dataclass(slots=True)
class Tally:
    """What became of every identifier of a call, and the last word on every person found."""

    asked: int = 0
    unmatched: int = 0
    ignored: int = 0
    unmatched_sample: list[tuple[str, str]] = field(default_factory=list)
    words: dict[int, bool] = field(default_factory=dict)

    def hear[I: (str, tuple[str, str])](
        self,
        kind: str,
        identifiers: list[I],
        *,
        active: bool,
        known: dict[I, int],
        ignored: Collection[I] = (),
    ) -> None:
        """Take in ``identifiers`` of one ``kind``: ``known`` says whose they are."""
        self.asked += len(identifiers)
        for identifier in identifiers:
            profile = known.get(identifier)
            if profile is not None:
                self.words[profile] = active
            elif identifier in ignored:
                self.ignored += 1
            else:
                self.unmatched += 1
                if len(self.unmatched_sample) < UNMATCHED_SAMPLE:
                    text = identifier if isinstance(identifier, str) else ":".join(identifier)
                    self.unmatched_sample.append((kind, text))

    def receipt(self, *, added: int = 0, removed: int = 0) -> dict[str, Any]:
        """Return the counts of the ledger. What was superseded or repeated is unchanged."""
        rest = self.asked - added - removed - self.unmatched - self.ignored
        return {
            "asked": self.asked,
            "added": added,
            "removed": removed,
            "unchanged": rest,
            "unmatched": self.unmatched,
            "ignored": self.ignored,
            "unmatched_sample": json.dumps(self.unmatched_sample),
        }


@retried
def name_cohort(
    caller: Caller, *, cohort_id: str, name: str, created_at: datetime, started: float
) -> None:
    """Make the cohort ``cohort_id`` of the caller's partner and workspace, or rename it.

    ``started`` is when the call came in, by ``perf_counter``. Raises ``ResourceLocked``.
    """
    cohort = _find_cohort(caller, cohort_id)
    statements.count("name_cohort", **_cohort(caller, cohort_id), name=name, created_at=created_at)
    cohort = cohort or _find_cohort(caller, cohort_id)
    _enter(caller, "cohort", cohort_id, cohort, started, Tally().receipt())


@retried
def change_members(
    caller: Caller, *, cohort_id: str, cohort_changes: list[Change], started: float
) -> None:
    """Add people to the cohort ``cohort_id`` and remove people from it.

    The changes apply in order and the last word on a person wins, by whatever identifier. A cohort
    that is not there is made, with its id for a name, unless no identifier is sent. Nobody is
    ever created. ``started`` is as in ``name_cohort``. Raises ``ResourceLocked``.
    """
    cohort = _find_cohort(caller, cohort_id)
    tally = _resolve(caller.workspace_id, cohort_changes)
    if cohort is None and tally.asked:
        statements.count("make_cohort", **_cohort(caller, cohort_id))
        cohort = _find_cohort(caller, cohort_id)
    actives = _write(cohort, tally.words) if tally.words else []
    receipt = tally.receipt(added=actives.count(True), removed=actives.count(False))
    _enter(caller, "users", cohort_id, cohort, started, receipt)


def _resolve(workspace_id: int, changes: list[Change]) -> Tally:
    """Find the profiles that the identifiers of ``changes`` name: one statement a kind."""
    users = look_up.by_external_id(workspace_id, [i for c in changes for i in c.user_ids])
    aliases = look_up.by_alias(workspace_id, [i for c in changes for i in c.aliases])
    devices, taken = look_up.by_device(workspace_id, [i for c in changes for i in c.device_ids])
    tally = Tally()
    for change in changes:
        active = not change.should_remove
        tally.hear("user_ids", change.user_ids, active=active, known=users)
        tally.hear("aliases", change.aliases, active=active, known=aliases)
        tally.hear("device_ids", change.device_ids, active=active, known=devices, ignored=taken)
    return tally


def _write(cohort: int | None, words: dict[int, bool]) -> list[bool]:
    """Write the memberships that change; return the new state of each."""
    rows = statements.rows("change_members", cohort=cohort, words=json.dumps(words))
    return [active for (active,) in rows]


def _cohort(caller: Caller, cohort_id: str) -> dict[str, Any]:
    return {
        "workspace": caller.workspace_id,
        "partner": caller.partner_id,
        "cohort_id": cohort_id,
    }


def _find_cohort(caller: Caller, cohort_id: str) -> int | None:
    """Return the cohort's primary key. Also bounds every wait for a lock from here on."""
    timeout = settings.IMPORT_LOCK_TIMEOUT
    found = statements.one("find_cohort", **_cohort(caller, cohort_id), lock_timeout=timeout)
    return found[1]


def _enter(
    caller: Caller,
    call: str,
    cohort_id: str,
    cohort: int | None,
    started: float,
    receipt: dict[str, Any],
) -> None:
    """Write the line in the ledger."""
    taken = perf_counter() - started
    statements.count(
        "enter",
        **_cohort(caller, cohort_id),
        **receipt,
        key=caller.key_id,
        cohort=cohort,
        call=call,
        received_at=timezone.now() - timedelta(seconds=taken),
        duration_ms=round(taken * 1000),
    )
