"""A partner that calls the import API, as tests need one."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponse
from django.test import Client

from cohorts.keys import generate_import_key, issue_partner_key
from cohorts.models import Cohort, CohortImport, CohortMembership, DataImportKey, Partner
from workspaces.models import Workspace

COUNTS = ("asked", "added", "removed", "unchanged", "unmatched", "ignored")


@dataclass(frozen=True)
class PartnerCaller:
    workspace: Workspace
    partner: Partner
    key: DataImportKey
    partner_api_key: Any
    client_secret: Any
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def with_keys(self, **keys: Any) -> "PartnerCaller":
        return replace(self, **keys)

    @property
    def keys(self) -> dict[str, Any]:
        return {"partner_api_key": self.partner_api_key, "client_secret": self.client_secret}

    def send(self, path: str, body: Any, **extra: Any) -> HttpResponse:
        return self.client.post(
            f"/partners/{self.partner.slug}/{path}", body, "application/json", **extra
        )

    def name(self, **body: Any) -> HttpResponse:
        """Send the call that names a cohort; a keyword takes the place of what it usually says."""
        usual = {
            "cohort_id": "c1",
            "name": "Trial drop-offs",
            "created_at": "2021-01-21T19:20:30+05:00",
        }
        return self.send("cohorts", self.keys | usual | body)

    def users(self, *changes: Any, **body: Any) -> HttpResponse:
        """Send the call that adds and removes users, objects of ``cohort_changes`` by position."""
        usual = {"cohort_id": "c1", "cohort_changes": list(changes)}
        return self.send("cohorts/users", self.keys | usual | body)


def connect(workspace: Workspace, slug: str = "heap") -> PartnerCaller:
    """Give a partner both keys that it calls with."""
    # A test with transactions of its own finds the seeded partners gone.
    partner, _ = Partner.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
    _, api_key = issue_partner_key(partner)
    key, secret = generate_import_key(workspace, partner, name="Production")
    return PartnerCaller(workspace, partner, key, api_key, secret)


def add(*user_ids: Any, **kinds: Any) -> dict[str, Any]:
    return {"user_ids": list(user_ids), **kinds}


def remove(*user_ids: Any, **kinds: Any) -> dict[str, Any]:
    return add(*user_ids, **kinds) | {"should_remove": True}


def members(cohort_id: str = "c1") -> set[str]:
    """Return the people in a cohort, each by external id or Braze id."""
    rows = CohortMembership.objects.filter(cohort__cohort_id=cohort_id, active=True)
    return {str(row.profile) for row in rows.select_related("profile")}


def receipt() -> dict[str, int]:
    """Return the counts of the last call that are not zero."""
    call = CohortImport.objects.first()
    return {name: getattr(call, name) for name in COUNTS if getattr(call, name)}


def nothing_applied() -> bool:
    return not Cohort.objects.exists() and not CohortMembership.objects.exists()
