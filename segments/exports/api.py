"""``/users/export/segment``: the people of a segment as a file, and the address of that file."""

from typing import Any, cast

from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from lib import outbound
from lib.request_addresses import rest_endpoint
from profiles.attributes import is_storable
from profiles.export.serializers import FieldsField, TextsField
from rest.calls import RestCall, cleaned
from rest.queries import Success, one_message
from rest.schema import EXAMPLE_ID, documented
from segments.exports.jobs import file_of
from segments.exports.user_objects_file import (
    TooManyExports,
    note_download,
    ready_export,
    request_export,
    url_of,
)
from segments.models import ExportFormat, Segment
from segments.serializers import SegmentQuery
from workspaces.models import RestApiKey

MOST_CUSTOM_ATTRIBUTES = 500
MOST_URL_CHARACTERS = 2000
CONTENT_TYPES = {"zip": "application/zip", "gz": "application/gzip"}


@extend_schema_field(OpenApiTypes.URI)
class CallbackField(serializers.Field):
    """A URL that can be called. Whether its host may be called is judged when it is."""

    def to_internal_value(self, data: Any) -> str:
        try:
            if (
                not isinstance(data, str)
                or not is_storable(data)
                or len(data) > MOST_URL_CHARACTERS
            ):
                raise ValueError
            outbound.check_url(data)
        except (ValueError, outbound.Refused):
            raise serializers.ValidationError(
                f"`{self.field_name}` must be a URL of at most {MOST_URL_CHARACTERS} characters"
            ) from None
        return data


class ExportSegmentSerializer(SegmentQuery):
    """What to export of which segment, and what to call when it is done."""

    callback_endpoint = CallbackField(
        required=False,
        allow_null=True,
        help_text='Gets `{"success": true, "url": …}` by POST when the file is ready.',
    )
    fields_to_export = FieldsField(
        error_messages=one_message("`fields_to_export` must be an array of strings")
    )
    custom_attributes_to_export = TextsField(
        required=False,
        allow_null=True,
        help_text="Up to 500. Not looked at where all of `custom_attributes` are asked for.",
    )
    output_format = serializers.ChoiceField(
        ExportFormat.values,
        default=ExportFormat.ZIP,
        error_messages=one_message("`output_format` must be zip or gzip"),
    )

    def validate_fields_to_export(self, fields: frozenset[str]) -> frozenset[str]:
        if not fields:
            raise serializers.ValidationError("`fields_to_export` must name a field")
        return fields

    def validate_custom_attributes_to_export(self, names: list[str] | None) -> list[str] | None:
        if names and len(names) > MOST_CUSTOM_ATTRIBUTES:
            raise serializers.ValidationError(
                f"`custom_attributes_to_export` may have {MOST_CUSTOM_ATTRIBUTES} names"
            )
        return names

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of ``UserExport``, with ``segment_id`` for the segment."""
        fields, chosen = attrs["fields_to_export"], attrs.get("custom_attributes_to_export")
        if "custom_attributes" in fields or not chosen:
            chosen = None
        else:
            fields = fields | {"custom_attributes"}
        return {
            "segment_id": attrs["segment_id"],
            "fields": sorted(fields),
            "custom_attributes": chosen,
            "callback_endpoint": attrs.get("callback_endpoint") or "",
            "output_format": attrs["output_format"],
        }


class ExportBegun(Success):
    object_prefix = serializers.CharField(help_text="How the names of the files within begin.")
    url = serializers.URLField(help_text="Where the file can be fetched once it is ready.")


class UnderWay(APIException):
    status_code = 429


@documented(
    "Export users by segment",
    "A job writes files of 5,000 users each, a JSON object a line, into one archive. Its "
    "address works without a key, from when it is ready and for four hours. Custom events "
    "and purchases are those of the last 90 days, their `first` and `count` of all time.",
    tag="User export",
    request=ExportSegmentSerializer,
    answer=ExportBegun,
    answer_means="It will be written.",
    request_example={
        "A segment": {
            "segment_id": EXAMPLE_ID,
            "fields_to_export": ["external_id", "email", "custom_events"],
            "custom_attributes_to_export": ["plan"],
            "callback_endpoint": "https://example.com/exported",
        }
    },
    answer_example={
        "It begins": {
            "object_prefix": "bb8e2a91-c4aa-478b-b3f2-a4ee91731ad1-1798761600",
            "url": "https://portal.example.com/users/export/files/bb8e2a91…",
        }
    },
)
class ExportSegment(RestCall):
    permission = "users.export.segment"

    def post(self, request: Request) -> Response:
        asked = cleaned(ExportSegmentSerializer, request.data)
        pk = asked.pop("segment_id")
        segment = Segment.objects.in_workspace(self.workspace).filter(pk=pk).first()
        if segment is None:
            raise ParseError("Invalid Segment ID: this workspace has no such segment")
        segment.workspace = self.workspace
        key = cast(RestApiKey, request.auth)
        try:
            export = request_export(segment, key, origin=rest_endpoint(request), **asked)
        except TooManyExports as error:
            raise UnderWay(str(error)) from error
        url = url_of(export)
        answer = {"object_prefix": export.object_prefix, "url": url}
        return Response({"message": "success"} | answer, status=201)


@require_safe
@never_cache
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give the file to a caller who knows its address, while it is kept."""
    export = ready_export(token)
    if export is None:
        raise Http404
    if request.method == "GET":
        note_download(export)
    return FileResponse(
        file_of(export).open("rb"),
        as_attachment=True,
        filename=f"{export.object_prefix}.{export.extension}",
        content_type=CONTENT_TYPES[export.extension],
    )
