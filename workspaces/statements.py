"""SQL that the ORM cannot say, kept as named statements in a ``.sql`` file beside its module."""

from pathlib import Path


def load(path: Path) -> dict[str, str]:
    """Return the statements of the file ``path`` by name.

    A line ``-- name: something`` begins each one; the other comments are for the reader and are
    not sent.
    """
    statements = {}
    for part in path.read_text().split("-- name: ")[1:]:
        name, *lines = part.splitlines()
        kept = (line for line in lines if line.strip() and not line.startswith("--"))
        statements[name.strip()] = "\n".join(kept)
    return statements
