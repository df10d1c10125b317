"""Two people become one: what is kept, what moves, what is gone."""

import pytest

from profiles import merging
from profiles.models import Alias, Device, Merge, Profile
from tests.factories import AliasFactory, DeviceFactory, ProfileFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def test_merge_fills_what_the_person_kept_lacks(workspace: Workspace) -> None:
    kept = ProfileFactory(workspace=workspace, first_name="Ada", custom={"plan": "pro"})
    merged = ProfileFactory(
        workspace=workspace,
        first_name="Augusta",
        country="GB",
        custom={"plan": "free", "visits": 3},
    )
    merging.merge(workspace, merged=merged.pk, kept=kept.pk)
    person = Profile.objects.get()
    assert (person.pk, person.external_id) == (kept.pk, kept.external_id)
    assert (person.first_name, person.country) == ("Ada", "GB")
    assert person.custom == {"plan": "pro", "visits": 3}
    assert list(Merge.objects.values_list("merged_id", "kept")) == [(merged.pk, kept.pk)]


def test_merge_moves_aliases_and_devices(workspace: Workspace) -> None:
    kept, merged = ProfileFactory(workspace=workspace), ProfileFactory(workspace=workspace)
    AliasFactory(profile=kept, label="crm", name="1")
    AliasFactory(profile=merged, label="crm", name="2")
    AliasFactory(profile=merged, label="shop", name="3")
    DeviceFactory(profile=merged, device_id="d")
    merging.merge(workspace, merged=merged.pk, kept=kept.pk)
    assert set(Alias.objects.values_list("name", "profile")) == {("1", kept.pk), ("3", kept.pk)}
    assert list(Device.objects.values_list("profile", flat=True)) == [kept.pk]
