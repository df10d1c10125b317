"""``manage.py catalogue``: the translations, brought up to the code or checked against it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from braze_portal import catalogue


class Command(BaseCommand):
    help = "Brings the translations in braze_portal/locale up to the texts in code and templates."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing; fail if a translation is missing, fuzzy or stale",
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        for language in catalogue.languages():
            if not check:
                catalogue.update(language)
            complaints = catalogue.complaints(language)
            if check and complaints:
                raise CommandError("\n".join([f"{language}:", *complaints]))
            for line in complaints:
                self.stdout.write(line)
            self.stdout.write(f"{language}: {len(complaints)} to do")
