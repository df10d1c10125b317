"""Clients of the portal, each a thread at an even pace, and what each knows when it is answered."""

import random
import time
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx

from benchmarks.soak.books import Books, Gate

ANSWER_SECONDS = 30
RETRY_SECONDS = 0.5
#: A writer that gets no answer 2xx for so long has found a fault.
PATIENCE_SECONDS = 180
#: For so long after a kill nobody wonders at a call that is refused.
PROVOKED_SECONDS = 25
EVENTS = ("Soaked", "Dried", "Ironed")
ATTRIBUTE = "soak_count"


@dataclass
class Setting:
    """What all clients share."""

    url: str
    books: Books
    #: Holds those who write, and those who open pages.
    gate: Gate
    looks: Gate
    stop: Event
    users: int
    partner: dict[str, str]
    rest_headers: dict[str, str]
    browser: dict[str, Any]
    segments: list[str]
    campaign: str
    last_kill: float = field(default_factory=time.monotonic)

    @property
    def provoked(self) -> bool:
        return time.monotonic() - self.last_kill < PROVOKED_SECONDS


class Client(Thread):
    """Does ``step`` again and again, ``pause`` seconds apart, until all are told to stop."""

    kind = ""
    pause = 0.5

    def __init__(self, setting: Setting, seed: int) -> None:
        super().__init__(daemon=True)
        self.setting, self.books = setting, setting.books
        self.chance = random.Random(seed)
        self.seed = seed
        self.http = self._opened()

    def _opened(self) -> httpx.Client:
        return httpx.Client(base_url=self.setting.url, timeout=ANSWER_SECONDS, trust_env=False)

    def run(self) -> None:
        while not self.setting.stop.wait(self.chance.uniform(0.5, 1.5) * self.pause):
            try:
                self.step()
            except Exception as error:  # a thread that ends in silence would hide what it found
                self.books.violate(f"{self.kind}: {error!r}")

    def step(self) -> None:
        raise NotImplementedError

    def once(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        """Make a call and count it; None where no answer came."""
        tally = self.books.tallies[self.kind]
        begun = time.monotonic()
        provoked = self.setting.provoked
        try:
            answer = self.http.request(method, path, **request)
        except httpx.HTTPError:
            answer = None
            self.http.close()
            self.http = self._opened()
        took = time.monotonic() - begun
        good = answer is not None and answer.status_code < 400
        with self.books.lock:
            tally.calls += 1
            tally.longest_seconds = max(tally.longest_seconds, took)
            if answer is None:
                tally.broken += 1
            elif good:
                tally.answered += 1
            else:
                tally.refused[answer.status_code] += 1
            tally.unprovoked += not good and not provoked and not self.setting.provoked
        return answer

    def until_taken(self, method: str, path: str, **request: Any) -> tuple[bool, int]:
        """Make a call until it is answered 2xx; return whether it was, and of how many tries before
        nobody knows whether they were applied.
        """
        unsure, until = 0, time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.once(method, path, **request)
            if answer is not None and answer.is_success:
                return True, unsure
            unsure += answer is None or answer.status_code >= 500
            if answer is not None and answer.status_code in {400, 401, 403, 404, 413}:
                self.books.violate(f"{self.kind} refused: {answer.status_code} {answer.text[:200]}")
                return False, unsure
            if time.monotonic() > until:
                self.books.violate(f"{self.kind} was not taken for {PATIENCE_SECONDS} s")
                return False, unsure
            with self.books.lock:
                self.books.tallies[self.kind].retried += 1
            time.sleep(RETRY_SECONDS)


class Importing(Client):
    """A partner that keeps one cohort in step."""

    kind = "import"
    pause = 0.4

    def step(self) -> None:
        cohort = f"cohort-{self.seed}"
        drawn = [f"user-{self.chance.randint(1, self.setting.users)}" for _ in range(200)]
        known = sorted(self.books.members[cohort])
        leaving = self.chance.sample(known, min(100, len(known)))
        changes: list[dict[str, Any]] = [{"user_ids": drawn}]
        changes.append({"user_ids": leaving, "should_remove": True})
        body = self.setting.partner | {"cohort_id": cohort, "cohort_changes": changes}
        with self.setting.gate.passing():
            taken, unsure = self.until_taken("POST", "/partners/heap/cohorts/users", json=body)
            with self.books.lock:
                self.books.imports += taken
                self.books.unsure_imports += unsure
                if taken:
                    self.books.members[cohort] |= set(drawn)
                    self.books.members[cohort] -= set(leaving)


class Tracking(Client):
    """A client of ``/users/track``: attributes of its own people, and events of anybody."""

    kind = "track"
    pause = 0.4

    def __init__(self, setting: Setting, seed: int) -> None:
        super().__init__(setting, seed)
        self.number = 0

    def step(self) -> None:
        self.number += 1
        names = [f"{self.seed}-{self.number}-{n}" for n in range(3)]
        # Whose attributes others do not write; every fifth call brings somebody new.
        person = f"tracked-{self.seed}-{self.chance.randint(1, max(20, self.number // 5))}"
        events = [
            {
                "external_id": f"user-{self.chance.randint(1, self.setting.users // 20)}",
                "name": self.chance.choice(EVENTS),
                "time": "2026-02-15T09:00:00Z",
                "properties": {"soak_id": name},
            }
            for name in names
        ]
        attributes = [{"external_id": person, ATTRIBUTE: self.number}]
        body = {"events": events, "attributes": attributes}
        with self.setting.gate.passing():
            headers = self.setting.rest_headers
            taken, unsure = self.until_taken("POST", "/users/track", json=body, headers=headers)
            if taken:
                with self.books.lock:
                    self.books.events |= dict.fromkeys(names, 1 + unsure)
                    self.books.attributes[person] = self.number


class Looking(Client):
    """A marketer who opens pages."""

    kind = "page"
    pause = 0.3

    def step(self) -> None:
        segments = [f"/w/acme/segments/{pk}/" for pk in self.setting.segments]
        pages = ["/w/acme/", "/w/acme/segments/", f"/w/acme/campaigns/{self.setting.campaign}/"]
        with self.setting.looks.passing():
            self.once("GET", self.chance.choice([*pages, *segments]), **self.setting.browser)


class Exporting(Client):
    """Who exports a segment, by the REST API and by a page in turn, and waits for the file."""

    kind = "export"
    pause = 4
    #: A job whose worker was killed is taken up again some time later.
    FILE_SECONDS = 240

    def step(self) -> None:
        segment = self.chance.choice(self.setting.segments)
        if self.chance.random() < 0.5:
            asked = {"segment_id": segment, "fields_to_export": ["external_id"]}
            headers = self.setting.rest_headers
            with self.setting.gate.passing():
                answer = self.once("POST", "/users/export/segment", json=asked, headers=headers)
            if answer is not None and answer.is_success:
                self._await(answer.json()["url"].removeprefix(self.setting.url), {})
            return
        path, browser = f"/w/acme/segments/{segment}/export/", self.setting.browser
        with self.setting.gate.passing():
            answer = self.once("POST", path, data={"columns": ["user_id"]}, **browser)
        if answer is not None and answer.is_success:
            self.books.violate("the form of an export was not taken")
        elif answer is not None and answer.is_redirect:
            self._await(answer.headers["Location"] + "users.csv", browser)

    def _await(self, path: str, browser: dict[str, Any]) -> None:
        with self.books.lock:
            self.books.exports.append(path)
        until = time.monotonic() + self.FILE_SECONDS
        while time.monotonic() < until and not self.setting.stop.is_set():
            time.sleep(1)
            try:
                if self.http.get(path, **browser).status_code == 200:
                    return
            except httpx.HTTPError:
                continue
        if not self.setting.stop.is_set():
            self.books.violate(f"an export had no file after {self.FILE_SECONDS} s: {path}")


def clients(setting: Setting) -> list[Client]:
    """Return all clients: together some twelve calls a second."""
    kinds = [Importing, Importing, Tracking, Tracking, Looking, Looking, Exporting]
    return [kind(setting, seed) for seed, kind in enumerate(kinds)]
