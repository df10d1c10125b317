"""``python -m benchmarks.soak --minutes 20``: soak the portal, print what happened.

Each minute one thing is killed, in turn: the web process, the worker, the sender, a backend of
PostgreSQL, all of PostgreSQL. Clients go on all the while, and try again what was not taken. Once a
minute they are held still and everything is compared: what was answered 2xx with what is in the
database, and each number of each page with plain SQL. Exit code 1 where anything was lost or wrong,
or where memory grows.
"""

import argparse
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe
from threading import Event
from typing import Any

import django
from cryptography.fernet import Fernet

from benchmarks.soak import memory
from benchmarks.soak.books import Books, Gate
from benchmarks.soak.clients import Client, Setting, clients
from benchmarks.soak.memory import Memory
from benchmarks.soak.portal import FORGOTTEN, ROOT, running
from tests.worlds.clusters import Cluster, clusters
from tests.worlds.receivers import Receiver, receiving

#: After a kill the clients go on for so long before all is compared.
SETTLE_SECONDS = 10
#: At the end: for jobs that were taken up again, and for events that wait.
LAST_SECONDS = 240
#: A comparison does not hold the writers for longer than this for an export.
EXPORT_SECONDS = 20
DATABASE_DEATHS = ("PostgreSQL backend", "PostgreSQL at once")
#: With less there is no saying whether memory grows.
LEAST_MINUTES = 6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=60, help="seconds from kill to kill")
    asked = parser.parse_args()
    # Servers and processes are ended, whichever way we are.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    log = Path(os.environ.get("VAR_DIR", ROOT / "var")) / "soak.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with clusters() as servers, receiving() as receiver:
        server = servers.made()
        _prepare(server, servers.root)
        failed = Soak(server, receiver, log).run(asked.minutes, asked.every)
    sys.exit(1 if failed else 0)


def _prepare(server: Cluster, folder: Path) -> None:
    """Make a database, and have Django and all children of this process use it and no other."""
    server.execute("create database portal")
    os.environ |= {
        "DATABASE_URL": server.url("portal"),
        "DJANGO_SETTINGS_MODULE": "braze_portal.settings",
        "VAR_DIR": str(folder / "var"),
        "SECRET_KEY": token_urlsafe(32),
        "DATA_KEYS": Fernet.generate_key().decode(),
        "OUTBOUND_ALLOW": "127.0.0.0/8",
        "ACCESS_LOG": "0",
    }
    django.setup()


class Soak:
    def __init__(self, server: Cluster, receiver: Receiver, log: Path) -> None:
        self.server, self.receiver, self.log = server, receiver, log
        self.books, self.gate, self.looks = Books(), Gate(), Gate()
        self.stop, self.over = Event(), Event()
        self.kills: Counter[str] = Counter()
        #: How many ids of transactions pages had seen and PostgreSQL gave out again, each time.
        self.given_twice: list[int] = []

    def run(self, minutes: float, every: float) -> bool:
        """Soak for so long; print the table; return whether anything was wrong."""
        # They need Django, which needs to know the database.
        from benchmarks.soak.truth import Pages
        from benchmarks.soak.world import USERS, made

        self.world = world = made(self.receiver)
        with running(self.server, self.log) as portal:
            self.portal = portal
            self.setting = Setting(
                url=portal.url,
                books=self.books,
                gate=self.gate,
                looks=self.looks,
                stop=self.stop,
                users=USERS,
                partner=world.partner,
                rest_headers=world.rest_headers,
                browser=world.browser,
                segments=[str(segment.pk) for segment in world.segments],
                campaign=str(world.campaign.pk),
            )
            self.pages = Pages(world, portal.url, self.books)
            self.memory = Memory(portal, self.over)
            self.memory.start()
            self.clients: list[Client] = clients(self.setting)
            for client in self.clients:
                client.start()
            self._go_on(minutes, every)
            self._settle()
            self.over.set()
            if portal.process.poll() is not None:
                self.books.violate(f"serve ended with code {portal.process.returncode}")
        return self._report(minutes)

    def _go_on(self, minutes: float, every: float) -> None:
        begun = self.memory.begun
        turn = 0
        while (due := begun + (turn + 0.5) * every) < begun + minutes * 60 - SETTLE_SECONDS:
            time.sleep(max(0.0, due - time.monotonic()))
            self._kill(turn)
            self._compare(turn)
            self._say(f"{(time.monotonic() - begun) / 60:.1f} min")
            turn += 1
        time.sleep(max(0.0, begun + minutes * 60 - time.monotonic()))

    def _kill(self, turn: int) -> None:
        """Kill what is next in turn, and let the clients go on for a while."""
        deaths = self.portal.deaths(self.gate.await_traffic)
        name = list(deaths)[turn % len(deaths)]
        self.kills[name] += 1
        self.setting.last_kill = time.monotonic()
        if name in DATABASE_DEATHS and turn // len(deaths) % 2:
            self._give_ids_twice(deaths[name])
        else:
            deaths[name]()
            self.setting.last_kill = time.monotonic()
            time.sleep(SETTLE_SECONDS)
        print(f"killed: {name}", flush=True)

    def _give_ids_twice(self, die: Callable[[], None]) -> None:
        """Have the database die while nothing is written, and give out ids of transactions again
        that pages have seen. No page is opened until they are used up.
        """
        with self.looks.held():
            with self.gate.held(), self.portal.idle():
                # What this stores need not be stored below: a commit keeps all ids before it.
                self.pages.glance()
                self.server.forget_the_next(FORGOTTEN)
                self.pages.glance()
                before = self._next_id()
                die()
                self.given_twice.append(max(0, before - self._next_id()))
            self.setting.last_kill = time.monotonic()
            time.sleep(SETTLE_SECONDS)
            self.server.forget_the_next(2 * FORGOTTEN)

    def _next_id(self) -> int:
        [(given,)] = self.server.execute("select pg_snapshot_xmax(pg_current_snapshot())::text")
        return int(str(given))

    def _compare(self, turn: int) -> None:
        # It needs Django.
        from benchmarks.soak.truth import check_books

        with self.gate.held():
            check_books(self.books)
            self.pages.compare()
            segment = self.world.segments[turn % len(self.world.segments)]
            self.pages.compare_export(segment, within=EXPORT_SECONDS)

    def _settle(self) -> None:
        """Stop the clients, let the portal do what is left to do, and compare for the last time."""
        # As above.
        from benchmarks.soak.truth import ask, check_books

        self.stop.set()
        for client in self.clients:
            client.join()
        check_books(self.books)
        self.pages.compare()
        until = time.monotonic() + LAST_SECONDS
        open_exports = """
            select state from segments_segmentexport where state <> 'done' union all
            select state from segments_userexport where state <> 'done'
        """
        sent: set[str] = set()
        while time.monotonic() < until:
            sent = {each["properties"]["custom_properties"]["soak_id"] for each in self._received()}
            left = ask(open_exports)
            if sent >= self.books.events.keys() and not left:
                break
            time.sleep(2)
        if lost := self.books.events.keys() - sent:
            self.books.violate(f"{len(lost)} events did not reach the receiver: {sorted(lost)[:5]}")
        if left:
            self.books.violate(f"{len(left)} exports are not done: {Counter(left)}")
        for segment in self.world.segments:
            if not self.pages.compare_export(segment, within=LAST_SECONDS):
                self.books.violate(f"no export of {segment}")

    def _received(self) -> list[dict[str, Any]]:
        with self.receiver.lock:
            return self.receiver.events

    def _say(self, when: str) -> None:
        latest = {role: self.memory.latest(role) for role in memory.roles()}
        held = ", ".join(f"{role} {mb:.0f}" for role, mb in latest.items() if mb)
        answered = {kind: each.answered for kind, each in self.books.tallies.items()}
        print(
            f"{when}: answered {answered}; {self.pages.compared} numbers compared; MB: {held}; "
            f"{len(self.books.violations)} violations",
            flush=True,
        )

    def _report(self, minutes: float) -> bool:
        """Print the tables; return whether anything was wrong."""
        print(
            "\n| calls | made | answered 2xx | refused | no answer | tried again "
            "| failed without a kill before | longest |"
        )
        print("|---|---:|---:|---|---:|---:|---:|---:|")
        for kind, each in self.books.tallies.items():
            refused = ", ".join(f"{n} × {status}" for status, n in each.refused.items()) or "0"
            print(
                f"| {kind} | {each.calls:,} | {each.answered:,} | {refused} | {each.broken} "
                f"| {each.retried} | {each.unprovoked} | {each.longest_seconds:.1f} s |"
            )
        print("\n| killed | times |\n|---|---:|")
        for name, times in self.kills.items():
            print(f"| {name} | {times} |")
        print(f"\nIds of transactions given out twice: {self.given_twice}")
        quarters = [minutes * n / 4 for n in range(1, 5)]
        heads = " | ".join(f"minutes {end - minutes / 4:.0f} to {end:.0f}" for end in quarters)
        print(f"\n| memory, MB | {heads} | last third beside the second |")
        print("|---|" + "---:|" * 4 + "---|")
        for role in memory.roles():
            flat, words = self.memory.verdict(role, minutes)
            if not flat and minutes >= LEAST_MINUTES:
                self.books.violate(f"memory of {role}: {words}")
            held = [self.memory.median(role, minute - minutes / 4, minute) for minute in quarters]
            cells = " | ".join("–" if each is None else f"{each:.0f}" for each in held)
            print(f"| {role} | {cells} | {words} |")
        events = self._received()
        print(
            f"\n{self.pages.compared:,} numbers compared, {self.pages.wrong} wrong, "
            f"{self.pages.estimated} still estimates after a minute. "
            f"{len(self.books.events):,} events answered 2xx, "
            f"{len(events):,} at the receiver, "
            f"{len(events) - len({event['id'] for event in events})} of them again. "
            f"{len(self.books.exports)} exports. {len(self.books.violations)} violations."
        )
        for violation in self.books.violations:
            print(f"- {violation}")
        return bool(self.books.violations)


if __name__ == "__main__":
    main()
