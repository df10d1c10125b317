"""What the description of every REST call says beside what the call itself says of it."""

from typing import Any

from django.conf import settings
from drf_spectacular.openapi import AutoSchema

ID = "3bbc4555-8fa0-4c9b-a5c0-4505edf3e064"
#: By name, what to send as a parameter.
EXAMPLES: dict[str, Any] = {
    "segment_id": ID,
    "campaign_id": ID,
    "canvas_id": ID,
    "subscription_group_id": "4d4f1c1e-9f9d-4a0c-a1d6-2f7f7f0d5e11",
    "event": "Signed up",
    "length": 7,
    "start_date": "2026-06-01",
    "end_date": "2026-06-28",
    "external_id": ["user-1"],
}
#: Of these one at least is needed, although none is required.
CHOICES = {"length", "start_date", "end_date", "external_id"}


class RestCallSchema(AutoSchema):
    """Adds to a call its permission, its limit, and examples of its parameters."""

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
