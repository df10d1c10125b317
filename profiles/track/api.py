"""The calls that bring people in: track, and the same in bulk."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from profiles.track.applying import track
from profiles.track.call import NOTHING_VALID, open_call
from profiles.track.schemas import TrackAnswerSchema, TrackCallSchema, TrackRefusedSchema
from rest.calls import RestCall
from rest.schema import REFUSALS, documented

REQUEST = {
    "A person, an event and a purchase": {
        "attributes": [
            {
                "external_id": "user-1",
                "first_name": "Ada",
                "logins": {"inc": 1},
                "plans": {"add": ["pro"]},
                "trial_ends": None,
            }
        ],
        "events": [
            {
                "external_id": "user-1",
                "name": "Exported report",
                "time": "2026-02-15T09:00:00Z",
                "properties": {"pages": 12},
            }
        ],
        "purchases": [
            {
                "external_id": "user-1",
                "product_id": "Pro monthly",
                "currency": "USD",
                "price": 29,
                "time": "2026-02-15T09:00:00Z",
            }
        ],
    }
}
ANSWER = {
    "One item is bad": {
        "attributes_processed": 1,
        "events_processed": 0,
        "errors": [
            {
                "type": "'time' must be a time in ISO-8601, such as 2026-02-15T09:00:00Z",
                "input_array": "events",
                "index": 0,
            }
        ],
    }
}


@documented(
    "Create and update users, record events and purchases",
    "Up to 75 objects in each array. They apply in order: attributes, events, purchases. "
    "Good items are applied, each whole; bad ones are named in `errors`. An unknown "
    "`external_id`, `email` or `phone` makes a user, unless `_update_existing_only` is "
    "true; an unknown alias only if it is false.",
    tag="User data",
    request=TrackCallSchema,
    answer=TrackAnswerSchema,
    answer_means="All items but those named were applied.",
    request_example=REQUEST,
    answer_example=ANSWER,
)
class Track(RestCall):
    permission = "users.track"
    limit = "track"
    refusals = REFUSALS | {
        400: OpenApiResponse(TrackRefusedSchema, "Nothing was applied."),
        423: "Another call holds the same people: try again.",
    }
    body_bytes: ClassVar[int] = settings.REST_LARGEST_BODY_BYTES
    #: Items in one array, and in all three.
    most: ClassVar[int] = 75
    most_in_all: ClassVar[int] = 3 * 75
    #: Items about one user.
    most_about_one: ClassVar[int | None] = None

    def post(self, request: Request) -> Response:
        """Apply the call, and say how much of it was."""
        call = open_call(
            request.data,
            most=self.most,
            most_in_all=self.most_in_all,
            most_about_one=self.most_about_one,
        )
        track(self.workspace, call)
        found: list[dict[str, Any]] = [refusal.as_json() for refusal in call.refusals]
        processed = call.processed()
        if not any(processed.values()):
            return Response({"message": NOTHING_VALID, "errors": found}, status=400)
        counts = {f"{name}_processed": count for name, count in processed.items()}
        answer: dict[str, Any] = {"message": "success"} | counts
        return Response(answer | ({"errors": found} if found else {}), status=201)


@documented(
    "Create and update many users",
    "As `/users/track`, with up to 1,000 objects in the three arrays together, of which up "
    "to 100 are about one user.",
    tag="User data",
    request=TrackCallSchema,
    answer=TrackAnswerSchema,
    answer_means="All items but those named were applied.",
    request_example=REQUEST,
    answer_example=ANSWER,
)
class TrackBulk(Track):
    permission = "users.track.bulk"
    limit = "track_bulk"
    body_bytes = 2 * settings.REST_BODY_BYTES
    most = most_in_all = 1000
    most_about_one = 100
