"""Whatever is sent to a call of the REST API, it answers as its OpenAPI description says."""

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
from tests.rest_callers import rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
#: Of each call. Raise it by the environment for a longer search.
EXAMPLES = 15

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
def authorization(workspace: Workspace) -> dict[str, str]:
    return rest_caller(workspace).authorization


@description.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_call_answers_as_described(case: Any, authorization: dict[str, str]) -> None:
    case.call_and_validate(headers=authorization, checks=CHECKS)
