"""``manage.py seed``: deterministic fake people."""

import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from profiles.fake.seeding import seed_events, seed_people
from workspaces.opening import open_workspace


class Command(BaseCommand):
    help = (
        "Fill a workspace with fake people: user-1 to user-N, and N/20 anonymous ones with the "
        "devices device-1 and up. They are always the same people. Running it again changes "
        "nothing; a larger N adds only the missing ones. The workspace is made if there is none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="W", help="its address (slug)")
        parser.add_argument("--profiles", required=True, type=int, metavar="N")
        parser.add_argument(
            "--events",
            type=int,
            default=0,
            metavar="N",
            help="so many events for each person, on average; who has any gets no more",
        )

    def handle(self, *, workspace: str, profiles: int, events: int, **options: Any) -> None:
        if profiles < 0 or events < 0:
            raise CommandError("--profiles and --events must not be negative.")
        try:
            space = open_workspace(workspace)
        except ValidationError as error:
            raise CommandError(f"--workspace: {' '.join(error.messages)}") from error
        started = time.monotonic()
        added = seed_people(space, profiles, self._tell)
        self.stdout.write(
            f"Added {added:,} people to {workspace} in {time.monotonic() - started:.1f} s."
        )
        if events:
            started = time.monotonic()
            happened = seed_events(space, profiles, events, self._tell)
            self.stdout.write(f"Added {happened:,} events in {time.monotonic() - started:.1f} s.")

    def _tell(self, added: int) -> None:
        if added % 200_000 == 0:
            self.stdout.write(f"  {added:,} …")
