"""``manage.py audiences``: look after the bitmaps from which sizes are read."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from segments.audiences import verifying
from segments.audiences.verifying import Report
from segments.models import WrongBitmap

NUMBERS = ("stored", "true", "missing", "surplus", "asleep")


class Command(BaseCommand):
    help = (
        "Compare stored bitmaps with plain SQL: those used last, and some drawn at random. A wrong "
        "one is dropped everywhere and built anew. Ends with status 1 if any was wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true", required=True, help="do so")
        parser.add_argument("--all", action="store_true", help="compare all that are stored")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, all: bool, json: bool, **options: Any) -> None:
        report = verifying.verify(verifying.everything() if all else verifying.sample())
        self.stdout.write(_as_json(report) if json else _as_text(report))
        if report.wrong:
            sys.exit(1)


def _as_json(report: Report) -> str:
    compared = len(report.wrong) + report.right
    wrong = [_found(each) for each in report.wrong]
    return json.dumps({"compared": compared, "skipped": report.skipped, "wrong": wrong})


def _as_text(report: Report) -> str:
    lines = [
        f"Compared  {len(report.wrong) + report.right}",
        f"Skipped   {report.skipped}  (too old, changed too much, or not to be asked any more)",
        f"Wrong     {len(report.wrong)}",
    ]
    for each in report.wrong:
        lines.append("  " + ", ".join(f"{name} {value}" for name, value in _found(each).items()))
    return "\n".join(lines)


def _found(wrong: WrongBitmap) -> dict[str, Any]:
    numbers = {name: getattr(wrong, name) for name in NUMBERS}
    return {"fingerprint": wrong.fingerprint, "workspace": wrong.workspace.pk} | numbers
