"""``manage.py event_catalogue``: write ``docs/events.md`` anew."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from currents.documentation import page


class Command(BaseCommand):
    help = "Write docs/events.md from the catalogue of event types."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "events.md"
        path.write_text(page())
        self.stdout.write(f"{path} is written")
