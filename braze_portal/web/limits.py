"""What one client may take of a web process: bytes, seconds and connections."""

#: Fifty identifiers in a query take more than the usual 4,094 bytes. It goes no further.
REQUEST_LINE_BYTES = 8190
HEAD_BYTES = 32 * 2**10
HEAD_FIELDS = 100
#: The line before a chunk, and the fields after the last one.
CHUNK_LINE_BYTES = 4 * 2**10

#: As much of a body is read before anything is known of who sends it.
FREE_BODY_BYTES = 64 * 2**10
#: A body beyond this goes to a temporary file, and an answer that waits for its reader.
MEMORY_BODY_BYTES = 256 * 2**10
#: All bodies together that are not answered yet and whose sender is not known.
STRANGERS_BYTES = 64 * 2**20
#: Of an answer that waits, so much is written before it is another connection's turn.
TURN_BYTES = 256 * 2**10
#: What is read and thrown away of a body that is refused, so that its sender gets the answer.
DISCARDED_BYTES = 64 * 2**20

#: From the first byte of a request, or from the connection, to the end of its head.
HEAD_SECONDS = 10
#: How long a connection is kept that has been answered.
IDLE_SECONDS = 15
#: Within so many seconds so many bytes of a body must come, or of an answer be taken.
STALL_SECONDS = 10
STALL_BYTES = 4 * 2**10
#: How long a refused client may go on sending.
DISCARD_SECONDS = 10

#: How often it is looked for those that are late.
LOOK_SECONDS = 1

CONNECTIONS = 1000
THREADS = 8

#: After SIGTERM: for how long kept connections may bring one more request, and for how long
#: requests may be answered.
LAST_CALL_SECONDS = 1.5
FAREWELL_SECONDS = 3
