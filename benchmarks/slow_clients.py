"""A partner's call beside 500 clients that are slow, and without them.

``slow_clients``: the 95th percentile of calls with the same 1,000 external ids over a connection
kept alive, while others hold 500 sockets: a quarter say nothing, a quarter send a head, and a
quarter a body, by a byte a second; a quarter take no answer. Who is hung up on comes again. The
peer is a second web process that has no such clients: calls to both take turns, so that whatever
else the machine does is the same to both.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from subprocess import PIPE, Popen

from benchmarks.imports import CALL, JSON
from benchmarks.worlds.bench import Bench
from benchmarks.worlds.figures import Figure, percentile
from benchmarks.worlds.portal import post, running
from cohorts.models import Partner
from cohorts.provisioning import provision

CLIENTS = 500
WARM = 20
CALLS = 500


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

    def call(connection: HTTPConnection) -> float:
        return post(connection, "/partners/heap/cohorts/users", body, JSON, expect=201)

    alone: list[float] = []
    beside: list[float] = []
    with running() as quiet:
        kinds = [(quiet.connect(), alone), (portal.connect(), beside)]
        for connection, _ in kinds * WARM:
            call(connection)
        with _slow_clients(portal.port):
            for turn in range(CALLS):
                for connection, took in kinds if turn % 2 else reversed(kinds):
                    took.append(call(connection))
    peers = {"without": percentile(alone, 0.95)}
    note = f"{CLIENTS} slow clients"
    ours = percentile(beside, 0.95)
    yield Figure("slow_clients", "ms", ours, peers, target=1.1, target_is_ratio=True, note=note)


@contextmanager
def _slow_clients(port: int) -> Iterator[None]:
    """Hold the sockets until the end of the block, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.worlds.slow_sockets", str(port), str(CLIENTS)]
    with Popen(command, stdout=PIPE) as clients:
        try:
            if not clients.stdout or clients.stdout.readline() != b"ready\n":
                raise SystemExit("The slow clients did not come up")
            yield
        finally:
            clients.kill()
