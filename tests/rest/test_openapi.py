"""Whatever is sent to a call of the REST API, it answers as its OpenAPI description says."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from braze_portal.wsgi import application
from campaigns.models import Campaign, Canvas
from rest.schema import EXAMPLES
from tests.worlds.factories import (
    MemberFactory,
    ProfileFactory,
    SegmentFactory,
    SubscriptionGroupFactory,
)
from tests.worlds.partner_calls import PartnerCaller, connect
from tests.worlds.rest_callers import rest_caller

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
#: How many of each, beside those at the edges of what is described. ``OPENAPI_CALLS=300`` makes
#: a longer search of it.
CALLS = int(os.environ.get("OPENAPI_CALLS", "5"))

description = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (10**9, 3600))


@pytest.fixture(autouse=True)
def one_transaction(db: None) -> Iterator[None]:
    """Keep the connection of the test over all its calls, as Django's own client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def partner(db: None) -> PartnerCaller:
    """Heap, and in its workspace what the examples of the description name."""
    workspace = MemberFactory().workspace
    SegmentFactory(pk=EXAMPLES["segment_id"], workspace=workspace)
    SubscriptionGroupFactory(pk=EXAMPLES["subscription_group_id"], workspace=workspace)
    ProfileFactory(external_id=EXAMPLES["external_id"][0], workspace=workspace)
    for model in (Campaign, Canvas):
        model.objects.create(pk=EXAMPLES["campaign_id"], workspace=workspace, name="Win back")
    return connect(workspace)


def authenticate(case: Any, partner: PartnerCaller) -> dict[str, str]:
    """Put the partner's keys into its calls; return the headers of all others."""
    if "partner" not in case.path_parameters:
        return rest_caller(partner.workspace).authorization
    case.path_parameters["partner"] = partner.partner.slug
    if isinstance(case.body, dict):
        case.body = case.body | partner.keys
    return {}


@description.parametrize()
@settings(
    max_examples=CALLS,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_call_answers_as_described(case: Any, partner: PartnerCaller) -> None:
    case.call_and_validate(headers=authenticate(case, partner), checks=CHECKS)
