"""``python -m benchmarks.worlds.slow_sockets PORT COUNT``: hold sockets for ``slow_clients``.

Says ``ready`` when all are held, and ends by itself after some minutes.
"""

import socket
import sys
from time import sleep

HEAD = b"POST /partners/heap/cohorts/users HTTP/1.1\r\nHost: x\r\n"
#: What each kind begins with, and whether it goes on by a byte a second.
KINDS = (
    (b"", False),
    (HEAD + b"X-A: ", True),
    (HEAD + b"Content-Length: 50000\r\n\r\n{", True),
    (b"GET /static/vendor/tabler.min.css HTTP/1.1\r\nHost: x\r\n\r\n", False),
)


def hold(port: int, count: int) -> None:
    held = [_begin(port, number) for number in range(count)]
    # What is read at once is read now.
    sleep(1)
    print("ready", flush=True)
    for _ in range(120):
        for number, client in enumerate(held):
            held[number] = _go_on(client, port, number)
            sleep(1 / count)


def _begin(port: int, number: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect(("127.0.0.1", port))
    client.sendall(KINDS[number % len(KINDS)][0])
    return client


def _go_on(client: socket.socket, port: int, number: int) -> socket.socket:
    if not KINDS[number % len(KINDS)][1]:
        return client
    try:
        client.send(b"a")
    except OSError:
        client.close()
        return _begin(port, number)
    return client


if __name__ == "__main__":
    hold(int(sys.argv[1]), int(sys.argv[2]))
