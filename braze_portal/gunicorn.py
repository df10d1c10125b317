"""Gunicorn's settings. The address and the number of processes come from the command line."""

import ctypes
import gc
import os
import sys
from typing import Any

# glibc's names for what mallopt sets.
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

wsgi_app = "braze_portal.wsgi"
worker_class = "gthread"
threads = 8
keepalive = 15
# Fifty identifiers in a query take more than the usual 4,094 characters. It goes no further.
limit_request_line = 8190
graceful_timeout = 3
loglevel = "warning"
control_socket_disable = True
if os.path.isdir("/dev/shm"):  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def post_fork(server: Any, worker: Any) -> None:
    """Give large buffers back to the system when they are freed.

    The ids of a new bitmap pass through buffers of megabytes. By default glibc keeps those on its
    heaps, one a thread: at a million people 243 MB resident instead of 139.
    """
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 256 * 1024)
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def post_worker_init(worker: Any) -> None:
    """Look for cycles among what requests make, not among what the portal is made of, and seldom.

    A call of the REST API makes thousands of objects that live for its time: by default Python goes
    through them several times, a tenth of the call's work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
