"""What every call of the REST API has in common: whose key it comes with, and what that may do."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from workspaces import api_keys, rate_limits
from workspaces.addresses import client_address
from workspaces.masking import mask
from workspaces.models import RestApiKey, Workspace


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``, or ``api_key`` in the body as older clients send it."""

    def authenticate(self, request: Request) -> tuple[None, RestApiKey]:
        secret = _sent(request)
        key = api_keys.find(secret)
        if key is None:
            raise AuthenticationFailed(f"Invalid API key: {mask(secret)}")
        address = client_address(request)
        if not key.admits(address):
            raise PermissionDenied("Access Denied: this key may not be used from your IP address")
        api_keys.note_use(key, address)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class RestCall(APIView):
    """A call that needs a key with ``permission``, and counts against ``limit``.

    The views behind it find ``self.workspace``; whatever they fetch is fetched from there.
    """

    authentication_classes = (ApiKeyAuthentication,)
    permission: ClassVar[str]
    #: One of ``settings.RATE_LIMITS``.
    limit: ClassVar[str] = "default"
    workspace: Workspace

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = cast(RestApiKey, request.auth)
        self.workspace = key.workspace
        allowance = rate_limits.spend(self.workspace.pk, self.limit)
        self.headers.update(allowance.headers)
        allowance.insist()
        if self.permission not in key.permissions:
            raise PermissionDenied(
                f"Access Denied: this key lacks the permission {self.permission}"
            )


def cleaned(serializer: type[Serializer], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` as ``serializer`` cleans it. Raises ``ValidationError``, answered as 400."""
    form = serializer(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _sent(request: Request) -> str:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    body = request.data if request.method == "POST" else {}
    sent = body.get("api_key") if isinstance(body, dict) else None
    return sent if isinstance(sent, str) else ""
