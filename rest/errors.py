"""The one shape of a refusal of the REST API: ``{"message": …}``, also where Django refuses."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import views
from rest_framework.response import Response

from lib.transactions import ResourceLocked, is_locked

log = logging.getLogger(__name__)

#: Addresses that answer in JSON also where Django itself refuses.
REST_PATHS = (
    "/partners/",
    "/users/",
    "/segments/",
    "/campaigns/",
    "/canvas/",
    "/events/",
    "/purchases/",
    "/sessions/",
    "/kpi/",
    "/custom_attributes",
    "/email/",
    "/subscription/",
    "/v2/",
)
#: What Django REST framework says at greater length, and in the caller's language.
MESSAGES = {
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type: send application/json",
    500: "Internal Server Error",
}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Turn any exception of a REST view into the one error shape.

    An unforeseen exception is logged with its traceback, never with the body.
    """
    if is_locked(exc):
        exc = ResourceLocked()
    response = views.exception_handler(exc, context)
    if response is None:
        request = context["request"]
        log.error("%s %s failed", request.method, request.path, exc_info=exc)
        response = Response(status=500)
    message = MESSAGES.get(response.status_code) or _first_text(response.data)
    response.data = {"message": message}
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler400`` of the portal."""
    return _plain(request, 400, "Bad Request") or defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler404`` of the portal."""
    return _plain(request, 404, MESSAGES[404]) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """``handler500`` of the portal."""
    return _plain(request, 500, MESSAGES[500]) or defaults.server_error(request)


def _plain(request: HttpRequest, status: int, message: str) -> HttpResponse | None:
    # A program has a key with it also where it calls what is not there, or not offered.
    if not request.path.startswith(REST_PATHS) and "Authorization" not in request.headers:
        return None
    return JsonResponse({"message": message}, status=status)


def _first_text(detail: Any) -> str:
    """Return the first message of an exception's detail, however deep it is nested."""
    while isinstance(detail, dict | list):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail))
    return str(detail)
