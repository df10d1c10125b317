"""Reading settings from the environment, and the secrets that are made when it is silent."""

import os
import secrets
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

#: Who takes which jobs, and what the name of its connections to the database ends in.
ROLES = {"worker": "jobs:default", "sender": "jobs:currents"}


def roles(arguments: Sequence[str]) -> list[str]:
    """Return whose ``ROLES`` a process has that was started with ``arguments``.

    They are what its connections are called. A web process has none.
    """
    if "procrastinate" not in arguments or "worker" not in arguments:
        return []
    _, named, queues = " ".join(arguments).replace("=", " ").partition("--queues ")
    taken = queues.split()[0].split(",") if named else ["default", "currents"]
    return [name for name in ROLES.values() if name.removeprefix("jobs:") in taken]


def flag(name: str, *, default: bool = False) -> bool:
    """Tell whether the environment variable ``name`` is switched on (``1 true yes on``)."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def words(name: str, *, default: str = "") -> list[str]:
    """Split the environment variable ``name`` at commas and spaces."""
    return os.environ.get(name, default).replace(",", " ").split()


def counts(name: str, **usual: int) -> dict[str, int]:
    """Return ``usual``, with what the environment variable ``name`` says otherwise, such as
    ``imports=4 exports=1``.
    """
    pairs = (word.partition("=") for word in words(name))
    said = {key: int(value) for key, _, value in pairs}
    if unknown := said.keys() - usual:
        raise ValueError(f"{name} knows {', '.join(usual)}, not {', '.join(sorted(unknown))}")
    return usual | said


def rates(name: str) -> dict[str, Decimal]:
    """Read the environment variable ``name``, such as ``EUR=1.08 GBP=1.27``, by its names."""
    pairs = (word.partition("=") for word in words(name))
    return {key.upper(): Decimal(value) for key, _, value in pairs}


def kept_secret(name: str, directory: Path) -> str:
    """Return the variable ``name``; without one, a secret made once and kept in ``directory``.

    The file is created with mode 600 and never overwritten: two processes that start together
    end with the same secret.
    """
    if value := os.environ.get(name):
        return value
    path = directory / name.lower()
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def database(url: str) -> dict[str, Any]:
    """Turn a ``postgresql://`` URL into an entry of Django's ``DATABASES``.

    Query parameters are passed to libpq, but ``host``, which is how a socket directory is named.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "braze_portal",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "OPTIONS": options,
    }
