"""Gunicorn's settings. The address and the number of processes come from the command line."""

import os

wsgi_app = "braze_portal.wsgi"
worker_class = "gthread"
threads = 8
keepalive = 15
graceful_timeout = 3
loglevel = "warning"
# The path without its query, and no header: keys travel in headers, people's ids in queries.
access_log_format = '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
control_socket_disable = True
if os.path.isdir("/dev/shm"):  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108
