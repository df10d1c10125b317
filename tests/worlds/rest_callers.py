"""A company's own program that calls the REST API, as tests need one."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from workspaces.api_keys.keys import generate_api_key
from workspaces.models import RestApiKey, Workspace
from workspaces.permissions import all_permissions

RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@dataclass(frozen=True)
class RestCaller:
    workspace: Workspace
    key: RestApiKey
    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, query: Any = None, **headers: str) -> HttpResponse:
        return self.client.get(path, query, headers=self.authorization | headers)

    def post(self, path: str, body: Any) -> HttpResponse:
        return self.client.post(path, body, "application/json", headers=self.authorization)

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


def rest_caller(workspace: Workspace, *permissions: str, **fields: Any) -> RestCaller:
    """Give a program a key with ``permissions``, all of them by default."""
    fields = {"name": "Test", "permissions": permissions or all_permissions()} | fields
    key, secret = generate_api_key(workspace, **fields)
    return RestCaller(workspace, key, secret)
