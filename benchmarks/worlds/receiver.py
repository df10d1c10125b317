"""``python -m benchmarks.worlds.receiver``: takes whatever is posted to it and answers 200 at once.

A process of its own, so that little of the time is the receiver's. It prints its port, and for
each call of GET how many bytes of bodies it took.
"""

import asyncio
import re

LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
taken = 0


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global taken
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(head)
            length = int(found[1]) if found else 0
            await reader.readexactly(length)
            taken += length
            said = b"" if length else str(taken).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
