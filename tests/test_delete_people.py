"""Deleted people are gone at once: from every cohort, segment, list, sample and file."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from profiles import deleting
from profiles.models import Profile
from tests.factories import (
    AliasFactory,
    CohortFactory,
    DeviceFactory,
    ProfileFactory,
    UserListFactory,
)
from tests.identity_world import World
from tests.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db
