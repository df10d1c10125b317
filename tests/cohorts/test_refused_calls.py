"""Calls that are refused again and again: they come to cost nothing, and disturb nobody."""

import json
from typing import Any

import pytest
from django.test import Client

from cohorts import refusals
from cohorts.models import CohortImport
from lib.tries import Tries
from tests.worlds.partner_calls import PartnerCaller

pytestmark = pytest.mark.django_db

PATH = "/partners/heap/cohorts"
COHORT = {"cohort_id": "c1", "name": "One", "created_at": "2026-11-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "_tries", Tries(3))


def call(body: Any, address: str = "192.0.2.1") -> int:
    sent = body if isinstance(body, str) else json.dumps(body)
    answer = Client().post(PATH, sent, content_type="application/json", REMOTE_ADDR=address)
    return answer.status_code


def test_after_so_many_refusals_an_address_is_not_listened_to(heap: PartnerCaller) -> None:
    wrong = heap.keys | {"client_secret": "wrong"} | COHORT
    assert [call(wrong) for _ in range(5)] == [401, 401, 401, 429, 429]
    assert call("no JSON") == 429
    assert CohortImport.objects.count() == 3
    assert call(heap.keys | COHORT, "192.0.2.2") == 201


def test_keys_that_were_good_stay_good(heap: PartnerCaller) -> None:
    assert call(heap.keys | COHORT) == 201
    wrong = heap.keys | {"client_secret": "wrong"} | COHORT
    assert [call(wrong) for _ in range(4)] == [401, 401, 401, 429]
    assert call(heap.keys | COHORT) == 201


def test_calls_of_a_known_caller_that_are_wrong_otherwise_are_not_counted(
    heap: PartnerCaller,
) -> None:
    assert [call(heap.keys) for _ in range(5)] == [400] * 5
    assert call(heap.keys | COHORT) == 201
