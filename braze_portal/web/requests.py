"""Reading a request: its head, and as much of its body as its sender may send."""

from dataclasses import dataclass
from time import monotonic

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest, Error, RequestHeaderFieldsTooLarge

from braze_portal.web import limits


class UriTooLong(Error):
    code = 414
    reason = "URI Too Long"


class TryAgain(Error):
    code = 503
    reason = "Service Unavailable"


@dataclass(frozen=True)
class Grant:
    """How many bytes a body may have, and whether it is known who sends it."""

    most_bytes: int
    is_known: bool = False


class Request(HTTPRequestParser):
    """One request, as far as it has come.

    Of a body only ``limits.FREE_BODY_BYTES`` are read until ``admit`` says how many it may have.
    """

    # What the answer to a head that cannot be read asks for.
    command = request_uri = path = "-"
    #: The bytes that its body may have.
    most = limits.FREE_BODY_BYTES
    is_admitted = False
    is_known = False
    #: The body is larger than it may be: what was read of it is not all.
    is_unread = False
    #: How much of the body counts towards ``limits.STRANGERS_BYTES``.
    counted = 0
    #: What a head that cannot be read is answered with, where it is not 400.
    refusal: Error | None = None

    def __init__(self, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self.begun = monotonic()

    @property
    def wants_admission(self) -> bool:
        """Whether the body goes beyond what anybody may send."""
        return (
            self.headers_finished
            and not self.completed
            and not self.is_admitted
            and max(self.content_length, self.body_bytes) > self.most
        )

    @property
    def body_bytes(self) -> int:
        """The bytes of the body that were read."""
        return len(self.body_rcv) if self.body_rcv else 0

    def admit(self, grant: Grant) -> None:
        """Let the body be as large as ``grant`` says, or complete the request without it."""
        self.is_admitted, self.most, self.is_known = True, grant.most_bytes, grant.is_known
        self._refuse_excess()

    def fail(self, error: Error) -> None:
        """Complete the request: it is answered with ``error``."""
        self.error, self.completed = error, True

    def received(self, data: bytes) -> int:
        """Take what belongs to this request from ``data``; return how many bytes."""
        consumed: int = super().received(data)
        self.error = self.refusal or self.error
        if self.chunked and not self.error:
            loose = (self.body_rcv.control_line, self.body_rcv.trailer)
            if max(map(len, loose)) > limits.CHUNK_LINE_BYTES:
                self.fail(BadRequest("A line between chunks is too long"))
        if self.is_admitted and not self.completed:
            self._refuse_excess()
        return consumed

    def parse_header(self, head: bytes) -> None:
        """Read the head. Raises ``ParsingError``."""
        line, _, fields = head.partition(b"\r\n")
        if len(line) > limits.REQUEST_LINE_BYTES:
            self.refusal = UriTooLong(f"At most {limits.REQUEST_LINE_BYTES} bytes")
        elif fields.count(b"\r\n") > limits.HEAD_FIELDS + 1:
            self.refusal = RequestHeaderFieldsTooLarge(f"At most {limits.HEAD_FIELDS} fields")
        if self.refusal:
            raise ParsingError(self.refusal.body)
        super().parse_header(head)
        self._insist_on_one_length()

    def _insist_on_one_length(self) -> None:
        # What a proxy and we would understand differently.
        if self.version not in {"1.0", "1.1"}:
            raise ParsingError("HTTP/1.0 and HTTP/1.1 are spoken here")
        if "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("HTTP/1.0 has no Transfer-Encoding")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Both Transfer-Encoding and Content-Length")

    def _refuse_excess(self) -> None:
        # Chunks of one byte take six.
        sent = max(self.content_length, self.body_bytes, self.body_bytes_received // 8)
        if sent > self.most:
            self.is_unread = self.completed = True
