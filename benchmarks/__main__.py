"""``python -m benchmarks``: run them all, print the table, write ``benchmarks/latest.json``.

``web_rss`` is the resident memory of the web process after it has answered all the others.
"""

import os
import platform
from collections.abc import Iterator

from benchmarks import database, figures
from benchmarks.figures import Figure


def main() -> None:
    users = int(os.environ.get("PROFILES", "1000000"))
    server = database.server_url()
    url = database.prepare(server, users)
    print(f"{users:,} users, {os.cpu_count()} processors, Python {platform.python_version()}")
    measured = []
    for figure in _run(server, url, users):
        measured.append(figure)
        print(f"  {figure.name} {figure.ours:,.4g} {figure.unit}", flush=True)
    print("", figures.table(measured), sep="\n")
    figures.save(measured)


def _run(server: str, url: str, users: int) -> Iterator[Figure]:
    # They need Django, which needs to know the database.
    from benchmarks import imports, portal, preview, seeding

    with portal.running() as web:
        yield from imports.measure(web, url, users)
        yield preview.measure(web, url)
        yield Figure("web_rss", "MB", web.resident_mb(), target=150)
    yield seeding.measure(server, users)


if __name__ == "__main__":
    main()
