"""``python -m braze_portal.web``: one web process."""

import argparse
import ctypes
import gc
import signal
import socket
import sys
from types import FrameType

# glibc's names for what mallopt sets.
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m braze_portal.web", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--bind", help="HOST:PORT to listen on")
    where.add_argument("--socket", type=int, help="the file descriptor of a bound socket")
    asked = parser.parse_args()
    listening = socket.socket(fileno=asked.socket) if asked.bind is None else _bound(asked.bind)
    give_memory_back()
    run(listening)


def run(listening: socket.socket) -> None:
    """Serve the portal on ``listening`` until SIGTERM or SIGINT."""
    # Here, for it sets Django up, which the others need; and after ``give_memory_back``.
    from braze_portal.wsgi import application

    # isort: split
    # They need Django, too.
    from django.db import connection, connections

    # As above.
    from braze_portal.admission import grant
    from braze_portal.web.server import Server

    look_seldom_for_cycles()
    server = Server(application, listening, grant=grant)

    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.run()
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]


def give_memory_back() -> None:
    """Give large buffers back to the system when they are freed.

    The ids of a new bitmap pass through buffers of megabytes. By default glibc keeps those on its
    heaps, one a thread: at a million people 243 MB resident instead of 139.
    """
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 256 * 1024)
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def look_seldom_for_cycles() -> None:
    """Look for cycles among what requests make, not among what the portal is made of, and seldom.

    A call of the REST API makes thousands of objects that live for its time: by default Python goes
    through them several times, a tenth of the call's work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family)


if __name__ == "__main__":
    main()
