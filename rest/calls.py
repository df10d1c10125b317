"""What every call of the REST API has in common: its key, and what the key may do."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ParseError,
    PermissionDenied,
)
from rest_framework.request import Request
from rest_framework.views import APIView

from lib.masking import mask
from lib.request_addresses import client_address
from rest import rate_limits
from rest.schema import REFUSALS, Refusals, RestCallSchema
from workspaces.api_keys import keys
from workspaces.models import RestApiKey, Workspace


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``, or ``api_key`` in the body as older clients send it."""

    def authenticate(self, request: Request) -> tuple[None, RestApiKey]:
        secret = _secret(request)
        key = keys.find(secret)
        if key is None:
            raise AuthenticationFailed(f"Invalid API key: {mask(secret)}")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Describes the key in the schema. drf-spectacular finds the class once it is imported."""

    target_class = ApiKeyAuthentication
    name = "RestApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key from Settings > API Keys that has the permission of the call.",
        }


class RestCall(APIView):
    """A call that needs a key with ``permission``, and counts against ``limit``.

    ``self.workspace`` is the workspace of the key: a view reads and writes nothing outside it.
    """

    authentication_classes = (ApiKeyAuthentication,)
    schema = RestCallSchema()
    # OPTIONS is answered 405 like any other method that is not documented; HEAD as GET is.
    http_method_names: ClassVar[list[str]] = ["get", "head", "post"]  # type: ignore[misc]
    permission: ClassVar[str]
    #: One of ``settings.RATE_LIMITS``.
    limit: ClassVar[str] = "default"
    #: What it may be refused with, for its description.
    refusals: ClassVar[Refusals] = REFUSALS
    workspace: Workspace

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = cast(RestApiKey, request.auth)
        address = client_address(request)
        is_admitted = key.admits(address)
        self.workspace = key.workspace
        # A caller from a forbidden address must not use up the calls of the workspace.
        limit = self.limit_of(request)
        allowance = rate_limits.spend(self.workspace.pk, limit, calls=int(is_admitted))
        self.headers.update(allowance.headers)
        if not is_admitted:
            raise PermissionDenied("Access Denied: this key may not be used from your IP address")
        keys.note_use(key, address)
        allowance.insist()
        if self.permission not in key.permissions:
            raise PermissionDenied(
                f"Access Denied: this key lacks the permission {self.permission}"
            )

    def limit_of(self, request: Request) -> str:
        """Return the name of the limit against which ``request`` counts."""
        return self.limit


def cleaned(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """Return ``data`` as ``serializer`` cleans it. Raises ``ValidationError``, answered as 400."""
    if not isinstance(data, Mapping):
        raise ParseError("Bad Request: the body must be a JSON object")
    form = serializer(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _secret(request: Request) -> str:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    sent = _body(request).get("api_key") if request.method == "POST" else None
    return sent if isinstance(sent, str) else ""


def _body(request: Request) -> Mapping[str, Any]:
    """Return the body, or an empty one if it cannot be read: it holds no key then."""
    try:
        return request.data if isinstance(request.data, dict) else {}
    except APIException:
        return {}
