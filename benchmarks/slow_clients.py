"""A partner's call beside 500 clients that are slow, and without them.

``slow_clients``: the 95th percentile of calls with the same 1,000 external ids over a connection
kept alive, while others hold 500 sockets: a quarter say nothing, a quarter send a head, and a
quarter a body, by a byte a second; a quarter take no answer. Who is hung up on comes again. The
peer is the same without them. Both take turns, so that the machine is the same to both.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from benchmarks.bench import Bench
from benchmarks.figures import Figure, percentile
from benchmarks.imports import CALL, JSON
from benchmarks.portal import post
from cohorts.models import Partner
from cohorts.provisioning import provision

CLIENTS = 500
ROUNDS = 12
CALLS = 40


def measure(bench: Bench) -> Iterator[Figure]:
    """Give ``slow_clients``."""
    portal = bench.portal
    secrets = provision(bench.workspace, Partner.objects.get(slug="heap"))
    changes = [{"user_ids": [f"user-{n}" for n in range(1, CALL + 1)]}]
    keys = {
        "partner_api_key": secrets.partner_api_key,
        "client_secret": secrets.data_import_key,
    }
    body = json.dumps(keys | {"cohort_id": "slow", "cohort_changes": changes}).encode()

    def calls(count: int) -> list[float]:
        connection = portal.connect()
        path = "/partners/heap/cohorts/users"
        took = [post(connection, path, body, JSON, expect=201) for _ in range(count)]
        connection.close()
        return took

    calls(20)
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUNDS):
        alone += calls(CALLS)
        with _slow_clients(portal.port):
            beside += calls(CALLS)
    peers = {"without": percentile(alone, 0.95)}
    note = f"{CLIENTS} slow clients"
    ours = percentile(beside, 0.95)
    yield Figure("slow_clients", "ms", ours, peers, target=1.1, target_is_ratio=True, note=note)


@contextmanager
def _slow_clients(port: int) -> Iterator[None]:
    """Hold the sockets until the end of the block, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.slow_sockets", str(port), str(CLIENTS)]
    with Popen(command, stdout=PIPE) as clients:
        try:
            if not clients.stdout or clients.stdout.readline() != b"ready\n":
                raise SystemExit("The slow clients did not come up")
            yield
        finally:
            clients.kill()
