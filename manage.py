#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import sys

UNDEFINED_TABLE = "42P01"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "braze_portal.settings")
    from django.core.management import execute_from_command_line

    # Here, for it reads the settings as soon as it is used, but not before.
    from django.db import ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except ProgrammingError as error:
        # To most commands a new database is no error of theirs.
        if getattr(error.__cause__, "sqlstate", "") != UNDEFINED_TABLE:
            raise
        sys.exit(
            "The database has no tables yet: run `manage.py migrate` or `manage.py serve` first."
        )


if __name__ == "__main__":
    main()
