"""A client of the users API that brings people in, as tests need one."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from profiles.models import Profile
from workspaces.api_keys.keys import generate_api_key
from workspaces.models import Workspace

TIME = "2026-02-15T09:00:00Z"


@dataclass(frozen=True)
class Tracker:
    workspace: Workspace
    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, path: str, body: Any) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return self.client.post(path, body, "application/json", headers=headers)

    def track(self, **arrays: Any) -> dict[str, Any]:
        """Send a call that must be taken; return the answer."""
        response = self.post("/users/track", arrays)
        assert response.status_code == 201, response.content
        return response.json()

    def say(self, external_id: str = "ann", **attributes: Any) -> Profile:
        """Say something of one person without an error; return the person."""
        answer = self.track(attributes=[{"external_id": external_id} | attributes])
        assert answer == {"message": "success", "attributes_processed": 1}
        return self.person(external_id)

    def refused(self, array: str = "attributes", **item: Any) -> str:
        """Send one item that must be refused; return the reason."""
        response = self.post("/users/track", {array: [item]})
        assert response.status_code == 400, response.content
        [error] = response.json()["errors"]
        assert (error["input_array"], error["index"]) == (array, 0)
        return error["type"]

    def person(self, external_id: str = "ann") -> Profile:
        return Profile.objects.get(workspace=self.workspace, external_id=external_id)


def tracker_of(workspace: Workspace) -> Tracker:
    """Give a client a key of ``workspace`` with both permissions."""
    permissions = ["users.track", "users.track.bulk"]
    _key, secret = generate_api_key(workspace, name="Tracker", permissions=permissions)
    return Tracker(workspace, secret)


def event(**fields: Any) -> dict[str, Any]:
    return {"external_id": "ann", "name": "Signed up", "time": TIME} | fields


def purchase(**fields: Any) -> dict[str, Any]:
    usual = {"product_id": "Hat", "currency": "USD", "price": 9.99, "time": TIME}
    return {"external_id": "ann"} | usual | fields
