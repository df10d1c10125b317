"""No key shows anywhere: not in a log, a report, the ledger, an answer."""

import json
import logging
import sys
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, connection
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from cohorts.models import CohortImport
from tests.worlds.partner_calls import PartnerCaller, add, connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(request: Any) -> Any:
    """Let the statements that a test names fail."""

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if request.param in sql:
            raise DatabaseError("the disk is on fire")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield


def shows(text: str, caller: PartnerCaller) -> bool:
    return caller.partner_api_key in text or caller.client_secret in text


@pytest.mark.parametrize(
    "broken", ["dataimportkey", "ratewindow", "cohortmembership", "cohortimport"], indirect=True
)
def test_failure_answers_500_and_shows_no_key(
    heap: PartnerCaller, broken: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    heap.workspace.profiles.create(external_id="user-1")
    response = heap.users(add("user-1"))
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "the disk is on fire" in caplog.text
    assert not shows(caplog.text + response.content.decode(), heap)


@pytest.mark.parametrize("broken", ["cohorts_cohortmembership"], indirect=True)
def test_failure_leaves_a_line_in_the_ledger(heap: PartnerCaller, broken: None) -> None:
    heap.workspace.profiles.create(external_id="user-1")
    heap.users(add("user-1"))
    line = CohortImport.objects.get()
    assert (line.status, line.reason) == (500, "Internal Server Error")


def test_refusals_show_no_key(heap: PartnerCaller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    other = connect(heap.workspace, "mixpanel")
    answers = [
        heap.send("cohorts", f'{{"client_secret": "{heap.client_secret}", '),
        heap.client.post("/partners/heap/cohorts", json.dumps(heap.keys), "text/plain"),
        heap.with_keys(client_secret=heap.client_secret + "x").name(),
        heap.with_keys(partner_api_key=heap.partner_api_key + "x").name(),
        heap.with_keys(client_secret=other.client_secret).name(),
        heap.users(cohort_changes=[heap.client_secret]),
        heap.users(cohort_id="", cohort_changes=[]),
    ]
    told = caplog.text + "".join(answer.content.decode() for answer in answers)
    told += str(list(CohortImport.objects.values_list()))
    assert (shows(told, heap), shows(told, other)) == (False, False)


@pytest.mark.parametrize("broken", ["dataimportkey"], indirect=True)
def test_mail_to_the_operator_shows_no_key(
    heap: PartnerCaller, broken: None, settings: Any
) -> None:
    settings.ADMINS = ["operator@example.com"]
    handler = AdminEmailHandler(include_html=True)
    logging.getLogger("rest.errors").addHandler(handler)
    heap.name()
    logging.getLogger("rest.errors").removeHandler(handler)
    # Django sends one of its own.
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert not shows(message.body + str(message.alternatives), heap)


def test_error_report_names_no_value(heap: PartnerCaller) -> None:
    secret = heap.client_secret
    try:
        raise RuntimeError(len(secret))
    except RuntimeError:
        report = ExceptionReporter(None, *sys.exc_info())
    assert not shows(report.get_traceback_html() + report.get_traceback_text(), heap)
