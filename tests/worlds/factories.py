"""Boring makers of rows."""

from io import BytesIO
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cohorts import keys
from cohorts.models import Cohort, CohortImport, DataImportKey, Partner
from currents.models import Connector
from currents.types.base import CATALOGUE
from profiles.csv_import import imports as csv_imports
from profiles.csv_import import runs as csv_runs
from profiles.csv_import.columns import Column
from profiles.models import Alias, CsvImport, Device, GroupChannel, Profile, SubscriptionGroup
from segments.models import Segment, UserList
from workspaces.models import Member, Role, User, Workspace

PASSWORD = "correct horse battery"  # noqa: S105


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **kwargs: Any) -> None:
        self.set_password(extracted or PASSWORD)
        self.save(update_fields=["password"])


class WorkspaceFactory(DjangoModelFactory[Workspace]):
    class Meta:
        model = Workspace

    slug = factory.Sequence(lambda n: f"workspace-{n}")
    name = factory.LazyAttribute(lambda w: w.slug.replace("-", " ").title())


class MemberFactory(DjangoModelFactory[Member]):
    class Meta:
        model = Member

    user = factory.SubFactory(UserFactory)
    workspace = factory.SubFactory(WorkspaceFactory)
    role = Role.ADMIN


class ProfileFactory(DjangoModelFactory[Profile]):
    class Meta:
        model = Profile

    workspace = factory.SubFactory(WorkspaceFactory)
    external_id = factory.Sequence(lambda n: f"user-{n}")


class AliasFactory(DjangoModelFactory[Alias]):
    class Meta:
        model = Alias

    profile = factory.SubFactory(ProfileFactory)
    workspace = factory.LazyAttribute(lambda alias: alias.profile.workspace)
    label = "email_hash"
    name = factory.Sequence(lambda n: f"alias-{n}")


class DeviceFactory(DjangoModelFactory[Device]):
    class Meta:
        model = Device

    profile = factory.SubFactory(ProfileFactory, external_id=None)
    workspace = factory.LazyAttribute(lambda device: device.profile.workspace)
    device_id = factory.Sequence(lambda n: f"device-{n}")


class SubscriptionGroupFactory(DjangoModelFactory[SubscriptionGroup]):
    class Meta:
        model = SubscriptionGroup

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Group {n}")
    channel = GroupChannel.EMAIL


def checked_import(workspace: Workspace, file: bytes = b"id,country\na,FR\nb,?\n") -> CsvImport:
    """Return an import of ``file``, checked: its first column holds external ids, its second
    countries.
    """
    member = workspace.members.earliest("pk")
    made = csv_imports.upload(workspace, "people.csv", BytesIO(file), by=member.user)
    csv_imports.check(made, [Column("id:external_id"), Column("country")])
    csv_runs.run(made.pk)
    made.refresh_from_db()
    return made


class SegmentFactory(DjangoModelFactory[Segment]):
    class Meta:
        model = Segment

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Segment {n}")


class UserListFactory(DjangoModelFactory[UserList]):
    class Meta:
        model = UserList

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"List {n}")


class CohortFactory(DjangoModelFactory[Cohort]):
    class Meta:
        model = Cohort

    workspace = factory.SubFactory(WorkspaceFactory)
    partner = factory.LazyFunction(lambda: Partner.objects.get(slug="heap"))
    cohort_id = factory.Sequence(lambda n: f"cohort-{n}")
    name = factory.LazyAttribute(lambda cohort: cohort.cohort_id)


class CohortImportFactory(DjangoModelFactory[CohortImport]):
    class Meta:
        model = CohortImport

    workspace = factory.SubFactory(WorkspaceFactory)
    partner = factory.LazyFunction(lambda: Partner.objects.get(slug="heap"))
    call = "users"


class ConnectorFactory(DjangoModelFactory[Connector]):
    class Meta:
        model = Connector

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Heap Export {n}")
    url = "https://heap.example.com/events"
    event_types = factory.LazyFunction(lambda: list(CATALOGUE))


def import_key(
    workspace: Workspace, *, partner: str = "heap", name: str = "Main", **fields: Any
) -> tuple[DataImportKey, str]:
    """Return a Data Import Key of ``partner``, with ``fields`` set on it, and its secret."""
    owner = Partner.objects.get(slug=partner)
    key, secret = keys.generate_import_key(workspace, owner, name=name)
    DataImportKey.objects.filter(pk=key.pk).update(**fields)
    key.refresh_from_db()
    return key, secret
