"""How the REST API is described: ``documented`` says of a call what is particular to it, and adds
what every call has in common.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.views import APIView

EXAMPLE_ID = "3bbc4555-8fa0-4c9b-a5c0-4505edf3e064"
#: What to send as a parameter, by its name.
EXAMPLES: dict[str, Any] = {
    "segment_id": EXAMPLE_ID,
    "campaign_id": EXAMPLE_ID,
    "canvas_id": EXAMPLE_ID,
    "subscription_group_id": "4d4f1c1e-9f9d-4a0c-a1d6-2f7f7f0d5e11",
    "event": "Signed up",
    "length": 7,
    "start_date": "2026-06-01",
    "end_date": "2026-06-28",
    "external_id": ["user-1"],
}
#: Parameters that are not required each, but of which a call needs one at least.
CHOICES = {"length", "start_date", "end_date", "external_id"}

#: Why a call is refused, by status: a text, or a response where the answer has a shape of its own.
type Refusals = dict[int, str | OpenApiResponse]

#: What any call may be refused with.
REFUSALS: Refusals = {
    400: "The request is not as described.",
    401: "There is no key, or it is not one of ours.",
    403: "The key lacks the permission, or may not be used from this address.",
    423: "Another call holds what this one is to write. Nothing was applied: try again.",
    429: "The workspace has had its calls: `X-RateLimit-Reset` tells when there are more.",
}


class RefusalSchema(serializers.Serializer):
    message = serializers.CharField(help_text="What is wrong.")


class SuccessSchema(serializers.Serializer):
    message = serializers.CharField(help_text="success")


def documented[Call: type[APIView]](
    summary: str,
    description: str,
    *,
    tag: str,
    request: type[serializers.Serializer],
    answer: type[serializers.Serializer] = SuccessSchema,
    answer_means: str = "",
    request_example: Mapping[str, Any] | None = None,
    answer_example: Mapping[str, Any] | None = None,
    status: int = 0,
    parameters: Sequence[OpenApiParameter] = (),
    operation_id: str | None = None,
) -> Callable[[Call], Call]:
    """Describe the one method of a call, ``get`` or ``post``, inherited or its own: a decorator.

    ``request`` is what the query or the body has to be. ``tag`` is one of those in
    ``settings.SPECTACULAR_SETTINGS``. Each of the examples has a title; to those of the answer
    ``"message": "success"`` is added. ``status`` is 200 or 201 where none is given. What the class
    may be refused with is its ``refusals``. ``parameters`` are further ones, or headers of
    the answer. ``operation_id`` is the address unless something else is said.
    """

    def document(call: Call) -> Call:
        method = "post" if hasattr(call, "post") else "get"
        code, means = (
            (201, "What was applied.") if method == "post" else (200, "What was asked for.")
        )
        code, means = status or code, answer_means or means
        examples = [
            OpenApiExample(title, value={"message": "success"} | value, status_codes=[str(code)])
            for title, value in (answer_example or {"Success": {}}).items()
        ]
        said = extend_schema(
            operation_id=operation_id,
            summary=summary,
            description=description,
            tags=[tag],
            responses={
                **{each: _refusal(why) for each, why in _refusals_of(call, method).items()},
                code: OpenApiResponse(answer, means, examples),
            },
            examples=[
                OpenApiExample(title, value=value, request_only=True)
                for title, value in (request_example or {}).items()
            ],
            request=request if method == "post" else None,
            parameters=[*parameters, *([] if method == "post" else [request])],
        )
        return extend_schema_view(**{method: said})(call)

    return document


def _refusals_of(call: Any, method: str) -> Refusals:
    if method == "get":
        return call.refusals
    most = getattr(call, "body_bytes", settings.REST_BODY_BYTES)
    of_a_body = {
        413: f"The body is larger than {most / 2**20:g} MiB.",
        415: "The body is not application/json.",
    }
    return of_a_body | call.refusals


def _refusal(why: str | OpenApiResponse) -> OpenApiResponse:
    return why if isinstance(why, OpenApiResponse) else OpenApiResponse(RefusalSchema, why)


class RestCallSchema(AutoSchema):
    """Adds to a call its permission, its limit, and examples of its parameters."""

    def get_operation_id(self) -> str:
        """Name the call as its address does: ``users_track`` is ``/users/track``."""
        return self.path.strip("/").replace("/", "_")

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        call: Any = self.view
        calls, seconds = settings.RATE_LIMITS[call.limit]
        needs = f"Permission: `{call.permission}`. Limit: {calls:,} calls in {seconds:,} s."
        operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
        for parameter in operation.get("parameters", []):
            name = parameter["name"]
            if name in EXAMPLES and (parameter.get("required") or name in CHOICES):
                parameter["example"] = EXAMPLES[name]
        return operation
