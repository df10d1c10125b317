"""The bodies that the REST API reads and writes: JSON, up to a size.

A module of its own, because Django REST framework loads its classes before it has its views.
"""

import json
from typing import Any, Never

from django.conf import settings
from django.http import Http404, UnreadablePostError
from rest_framework import negotiation, parsers
from rest_framework.exceptions import APIException, NotAcceptable, ParseError

from rest.draining import drain

#: In the environ of a request whose body the web server has not read, for it may not be so large.
UNREAD_BODY = "portal.unread_body"


class BodyTooLarge(APIException):
    """A body of more than ``most`` bytes."""

    status_code = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"Request Entity Too Large: a body may have {most:,} bytes")


class JSONParser(parsers.BaseParser):
    """Reads a JSON body of at most as many bytes as the view names by ``body_bytes``, otherwise of
    ``settings.REST_BODY_BYTES``. It never keeps more of it than that.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return what the body says. Raises ``ParseError`` or ``BodyTooLarge``."""
        view = (parser_context or {}).get("view")
        most = getattr(view, "body_bytes", settings.REST_BODY_BYTES)
        if getattr(stream, "META", {}).get(UNREAD_BODY):
            raise BodyTooLarge(most)
        try:
            raw = stream.read(most + 1)
            if len(raw) > most:
                drain(stream)
                raise BodyTooLarge(most)
            return json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse)
        except (ValueError, RecursionError, UnreadablePostError):
            # Without the cause: it holds the body, which must not reach a log.
            raise ParseError("Bad Request: the body is not valid JSON") from None


class Negotiation(negotiation.DefaultContentNegotiation):
    """Answers in JSON, also where the caller asks for another format."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        if len(renderers) == 1:
            return renderers[0], renderers[0].media_type
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except (NotAcceptable, Http404):
            # Http404 is for an unknown ``?format=``, which to us is a parameter like any other.
            return renderers[0], renderers[0].media_type


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is not JSON")
