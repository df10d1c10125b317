"""``/users/export/ids``: all that the portal knows of up to 50 people."""

from rest_framework.request import Request
from rest_framework.response import Response

from profiles.export import ids
from profiles.export.serializers import ExportedUsersSchema, ExportIdsSerializer
from profiles.export.user_objects import Asked, user_objects
from rest.calls import RestCall, cleaned
from rest.schema import documented

EXAMPLE = {
    "message": "success",
    "users": [
        {
            "external_id": "user-17",
            "braze_id": "5fbd99bac125ca40511f2cb1",
            "email": "jane@example.com",
            "custom_events": [
                {
                    "name": "Signed up",
                    "first": "2026-01-28T17:02:43.032Z",
                    "last": "2026-02-03T08:00:00.000Z",
                    "count": 2,
                }
            ],
        }
    ],
    "invalid_user_ids": ["user-18"],
}


@documented(
    "Export users by identifier",
    "Up to 50 users by external id or alias, and those whom a device, a Braze id, an "
    "e-mail address or a phone number names. A field that is empty is left out of a user. "
    "With `fields_to_export` there may be 40 calls a second.",
    tag="User export",
    request=ExportIdsSerializer,
    answer=ExportedUsersSchema,
    answer_means="The users.",
    request_example={
        "Two users": {
            "external_ids": ["user-17", "user-18"],
            "fields_to_export": ["external_id", "braze_id", "email", "custom_events"],
        }
    },
    answer_example={"One user": EXAMPLE},
)
class ExportIds(RestCall):
    permission = "users.export.ids"
    limit = "export_ids"

    def limit_of(self, request: Request) -> str:
        """Let those who say which fields they need ask far more often, as Braze does."""
        body = request.data
        named = isinstance(body, dict) and body.get("fields_to_export")
        return "export_ids_fields" if named else "export_ids"

    def post(self, request: Request) -> Response:
        wanted = cleaned(ExportIdsSerializer, request.data)
        people, nobody = ids.find(self.workspace, wanted["named"])
        users = user_objects(people, Asked(wanted["fields"]))
        answer = {"message": "success", "users": users}
        return Response(answer | ({"invalid_user_ids": nobody} if nobody else {}), status=201)
