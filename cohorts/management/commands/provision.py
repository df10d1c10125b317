"""``manage.py provision``: everything that a partner needs to call a workspace."""

import json
import os
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cohorts.models import Partner
from cohorts.provisioning import provision
from workspaces.api_keys.provisioning import provision_api_key
from workspaces.models import Role
from workspaces.opening import admit, open_workspace

LABELS = {
    "workspace": "Workspace",
    "rest_endpoint": "REST endpoint",
    "partner": "Partner",
    "partner_api_key": "Partner API key",
    "data_import_key": "Data Import Key",
    "rest_api_key": "REST API key",
    "admin": "Admin",
    "admin_password": "Password",
}


class Command(BaseCommand):
    help = (
        "Make what is missing (the workspace, the partner's API key, a Data Import Key, a REST API "
        "key that may do everything) and print it, for scripts and tests. Running it again prints "
        "the same keys, and the audit log says that they were shown. The REST endpoint is "
        "REST_ENDPOINT, or http://127.0.0.1:$PORT (8000)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="W", help="its address (slug)")
        parser.add_argument("--partner", required=True, help="such as heap")
        parser.add_argument(
            "--admin",
            metavar="EMAIL",
            help="also make this person an admin of the workspace; for somebody new a password is "
            "made and printed, this once (admin and admin_password in the JSON)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(
        self, *, workspace: str, partner: str, admin: str | None, json: bool, **options: Any
    ) -> None:
        try:
            answer = _provision(workspace, partner, admin)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(_as_json(answer) if json else _as_text(answer))


def _provision(slug: str, partner_slug: str, admin: str | None) -> dict[str, str | None]:
    partners = {partner.slug: partner for partner in Partner.objects.all()}
    partner = partners.get(partner_slug)
    if partner is None:
        raise CommandError(f"Unknown partner “{partner_slug}”. Known are: {', '.join(partners)}.")
    workspace = open_workspace(slug)
    secrets = provision(workspace, partner)
    answer: dict[str, str | None] = {
        "workspace": workspace.slug,
        "rest_endpoint": rest_endpoint(),
        "partner": partner.slug,
        "partner_api_key": secrets.partner_api_key,
        "data_import_key": secrets.data_import_key,
        "rest_api_key": provision_api_key(workspace),
    }
    if admin:
        answer |= {"admin": admin, "admin_password": admit(workspace, admin, Role.ADMIN)}
    return answer


def rest_endpoint() -> str:
    """What partners are told to call, as far as a command can know."""
    return settings.REST_ENDPOINT or f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"


def _as_json(answer: dict[str, str | None]) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _as_text(answer: dict[str, str | None]) -> str:
    width = max(map(len, LABELS.values()))
    lines = (f"{LABELS[name]:{width}}  {answer[name] or 'unchanged'}" for name in answer)
    return "\n".join(lines)
