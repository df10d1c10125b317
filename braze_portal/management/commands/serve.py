"""``manage.py serve``: the whole portal on one machine."""

import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from braze_portal.serving import serve


class Command(BaseCommand):
    help = "Applies migrations, then runs the web server and the background workers."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (%(default)s)"
        )
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--workers", type=int, default=1, help="web processes (%(default)s)")

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        require_free(host, port)

        def announce() -> None:
            self.stdout.write(f"The portal answers at http://{host}:{port}/")
            self.stdout.flush()

        sys.exit(serve(host=host, port=port, workers=workers, once_up=announce))


def require_free(host: str, port: int) -> None:
    """Raise a CommandError of one line if nothing can listen on ``host`` and ``port``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise CommandError(
            f"Cannot listen on {host}:{port}: {reason}. Name another --port (or PORT=)."
        ) from None
