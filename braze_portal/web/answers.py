"""Answering a request, by the application or in its place."""

from collections.abc import Iterator
from typing import Any

from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import build_http_date

from braze_portal.access_log import Call
from rest.bodies import UNREAD_BODY


class Answering(Task):
    """What an answer by the application and one by the server itself have in common."""

    channel: Any
    request: Any
    response_headers: list[tuple[str, Any]]

    def service(self) -> None:
        if self.request.is_unread:
            self.close_on_finish = True
        super().service()

    def write(self, data: bytes) -> None:
        super().write(b"" if self.request.command == "HEAD" else data)

    def build_response_header(self) -> bytes:
        """Return the head of the answer, with the headers as the application wrote them."""
        headers = {name.lower(): value for name, value in self.response_headers}
        length = self.content_length if "content-length" not in headers else None
        added = []
        if not self.has_body:
            self.response_headers = [
                each for each in self.response_headers if each[0].lower() != "content-length"
            ]
        elif length is not None:
            added.append(("Content-Length", length))
        elif "content-length" not in headers and self.request.command != "HEAD":
            if self.version == "1.1":
                self.chunked_response = True
                added.append(("Transfer-Encoding", "chunked"))
            else:
                self.close_on_finish = True
        added += self._connection()
        if "date" not in headers:
            added.append(("Date", build_http_date(self.start_time)))
        return "".join(self._lines(added)).encode("latin-1")

    def _connection(self) -> list[tuple[str, str]]:
        asked = self.request.headers.get("CONNECTION", "").lower()
        if self.version == "1.0":
            self.close_on_finish |= asked != "keep-alive"
        elif asked == "close":
            self.close_on_finish = True
        if self.channel.server.is_stopping:
            self.close_on_finish = True
        if self.close_on_finish:
            return [("Connection", "close")]
        return [("Connection", "keep-alive")] if self.version == "1.0" else []

    def _lines(self, added: list[tuple[str, Any]]) -> Iterator[str]:
        yield f"HTTP/{self.version} {self.status}\r\n"
        for name, value in [*self.response_headers, *added]:
            yield f"{name}: {value}\r\n"
        yield "\r\n"

    def set_close_on_finish(self) -> None:
        self.close_on_finish = True


class Answer(Answering, WSGITask):
    """An answer by the application."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        # Waitress folds slashes at the beginning; to us it is another address.
        environ["PATH_INFO"] = self.request.path
        if self.request.is_unread:
            environ[UNREAD_BODY] = True
            environ.setdefault("CONTENT_LENGTH", str(self.request.body_bytes))
        if self.request.command == "HEAD":
            del environ["wsgi.file_wrapper"]
        return environ


class Refusal(Answering, ErrorTask):
    """An answer to what is no request of ours. The application never hears of it."""

    def service(self) -> None:
        call = Call(
            {
                "REMOTE_ADDR": self.channel.addr[0],
                "REQUEST_METHOD": self.request.command or "-",
                "REQUEST_URI": self.request.request_uri,
                "PATH_INFO": self.request.path,
            }
        )
        super().service()
        call.status, call.sent = self.request.error.code, self.content_length
        call.write()

    def execute(self) -> None:
        self.response_headers.append(("Content-Type", "text/plain; charset=utf-8"))
        self.close_on_finish = True
        said = f"{self.request.error.reason}: {self.request.error.body}\n".encode()
        self.status = f"{self.request.error.code} {self.request.error.reason}"
        self.content_length = len(said)
        self.write(said)
