"""The description of the REST API: made once in a process, for it takes half a second."""

import hashlib
from threading import Lock
from typing import Any, cast

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

#: By media type and language: the text, its type and its ETag.
_made: dict[tuple[str, str | None], tuple[bytes, str, str]] = {}
_lock = Lock()


class ApiSchema(SpectacularAPIView):
    """Answers with the description from memory, or that the caller's copy of it is still good."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **named: Any) -> HttpResponseBase:
        kind = request.accepted_renderer.media_type, get_language()
        with _lock:
            if kind not in _made:
                _made[kind] = self._make(request)
        text, content_type, etag = _made[kind]
        answer = HttpResponse(text, content_type=content_type, headers={"ETag": etag})
        asked = request._request
        return cast(HttpResponseBase, get_conditional_response(asked, etag=etag, response=answer))

    def _make(self, request: Request) -> tuple[bytes, str, str]:
        made = super().get(request)
        made.accepted_renderer = request.accepted_renderer
        made.accepted_media_type = request.accepted_media_type
        made.renderer_context = self.get_renderer_context()
        text = made.rendered_content
        content = text if isinstance(text, bytes) else text.encode()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        return content, made.headers["Content-Type"], etag
