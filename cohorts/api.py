"""The two calls of a partner: a cohort's name, and who entered it or left it."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.db import Error
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from cohorts import imports, ledger, refusals, samples, serializers
from cohorts.callers import Caller, authenticate
from cohorts.models import REASON_LENGTH, Partner
from lib.request_addresses import client_address
from rest import rate_limits
from rest.schema import Refusals, documented

log = logging.getLogger(__name__)

EXAMPLE_KEYS = {"partner_api_key": "<partner API key>", "client_secret": "<Data Import Key>"}
REFUSALS: Refusals = {
    status: f"{reason} Nothing was applied."
    for status, reason in (
        (400, "The body is not as described."),
        (401, "A key is wrong."),
        (404, "There is no such partner."),
        (413, "The body is larger than 1 MiB."),
        (415, "The body is not application/json."),
        (423, "Another call holds the same users of the cohort: try again."),
        (429, "The workspace has had its calls of this hour."),
    )
}


class PartnerCall(APIView):
    """What both calls share: the keys before the rest, and a line in the ledger come what may."""

    http_method_names = ["post"]
    refusals = REFUSALS
    call = ""
    serializer: type[Serializer]
    apply: Callable[..., None]

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.started = perf_counter()
        self.body: dict[str, Any] = {}
        self.caller: Caller | None = None

    def post(self, request: Request, partner: str) -> Response:
        """Apply a call to the partner with the slug ``partner``, or refuse it by an exception."""
        address = client_address(request)
        refusals.insist_on_address(address)
        self.body = _json_object(request)
        refusals.insist(self.body, address)
        self.caller = caller = authenticate(partner, self.body, address)
        refusals.note_good(self.body, address)
        allowance = rate_limits.spend(caller.workspace_id, "partners")
        self.headers.update(allowance.headers)
        allowance.insist()
        form = self.serializer(data=self.body)
        form.is_valid(raise_exception=True)
        self.apply(caller, **form.validated_data, started=self.started)
        return Response({"message": "success"}, status=201)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a call that was refused, and leave a line in the ledger for it."""
        response = super().handle_exception(exc)
        if isinstance(exc, refusals.TooManyRefusals):
            return response
        address = client_address(self.request)
        if self.caller is None:
            refusals.note_refused(address)
        caller: Caller | None = getattr(exc, "caller", self.caller)
        alike = samples.Alike(
            address,
            self.kwargs["partner"],
            caller.key_id if caller else None,
            self.call,
            response.status_code,
            response.data["message"][:REASON_LENGTH],
        )
        try:
            if samples.is_counted(alike):
                return response
            partner = Partner.objects.filter(slug=self.kwargs["partner"]).first()
            if partner is None:
                return super().handle_exception(NotFound())
            if response.status_code != 405:
                samples.note(alike, self.enter_refused(partner, caller, alike))
        except Error:
            log.exception("A refused call left no line in the ledger")
        return response

    def enter_refused(self, partner: Partner, caller: Caller | None, alike: samples.Alike) -> int:
        line = ledger.enter_refused(
            partner,
            caller,
            call=self.call,
            cohort_id=self.body.get("cohort_id"),
            status=alike.status,
            reason=alike.reason,
            started=self.started,
        )
        return line.pk


@documented(
    "Create or rename a cohort",
    "Sent with the first export of a cohort, and again when its name changes.",
    operation_id="partner_cohort",
    tag="Partner cohort import",
    request=serializers.CohortCallSchema,
    answer_means="All of it was applied.",
    request_example={
        "A cohort": EXAMPLE_KEYS
        | {
            "cohort_id": "cohort-42",
            "name": "Trial drop-offs",
            "created_at": "2021-01-21T19:20:30+05:00",
        }
    },
)
class CohortName(PartnerCall):
    call = "cohort"
    serializer = serializers.CohortSerializer
    apply = staticmethod(imports.name_cohort)


@documented(
    "Add users to a cohort and remove users from it",
    "Who entered and who left since the last refresh: at most 1,000 identifiers. The "
    "objects apply in order and the last word on a user wins. Identifiers that no user "
    "has are skipped, and so are devices of users who have an external id.",
    operation_id="partner_cohort_users",
    tag="Partner cohort import",
    request=serializers.CohortUsersCallSchema,
    answer_means="All of it was applied.",
    request_example={
        "Users who entered and left": EXAMPLE_KEYS
        | {
            "cohort_id": "cohort-42",
            "cohort_changes": [
                {"user_ids": ["user-1", "user-2"]},
                {"device_ids": ["device-1"], "should_remove": True},
                {"aliases": [{"alias_label": "email_hash", "alias_name": "5f2c"}]},
            ],
        }
    },
)
class CohortUsers(PartnerCall):
    call = "users"
    serializer = serializers.CohortUsersSerializer
    apply = staticmethod(imports.change_members)


def _json_object(request: Request) -> dict[str, Any]:
    """Return the body. Raises ``ParseError`` where it is empty or anything but an object."""
    if request.stream is None or not isinstance(request.data, dict):
        raise ParseError("Bad Request: the body must be a JSON object")
    return request.data
