"""A workspace in which whoever is in its cohort, on its list or French can be asked for."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from cohorts.models import Cohort, CohortMembership, Partner
from profiles.models import Profile
from segments.audiences.people import People, people_of
from segments.models import UserList
from segments.trees.tree import Tree, load_tree
from tests.worlds.factories import CohortFactory, ProfileFactory, UserListFactory
from workspaces.models import Workspace


@dataclass
class World:
    workspace: Workspace
    cohort: Cohort = field(init=False)
    user_list: UserList = field(init=False)

    def __post_init__(self) -> None:
        # A test with transactions of its own finds the seeded partners gone.
        heap, _ = Partner.objects.get_or_create(slug="heap", defaults={"name": "Heap"})
        self.cohort = CohortFactory(workspace=self.workspace, partner=heap, cohort_id="c1")
        self.user_list = UserListFactory(workspace=self.workspace)

    def person(self, external_id: str | None, **known: Any) -> Profile:
        """Make somebody who is in none of them unless ``known`` says so."""
        return ProfileFactory(workspace=self.workspace, external_id=external_id, **known)

    def frenchwoman(self, external_id: str | None) -> Profile:
        """Make somebody who is in all of them."""
        person = self.person(external_id, country="FR")
        self.enter(person)
        self.user_list.members.create(profile=person)
        return person

    def enter(
        self, person: Profile, at: datetime | None = None, left: datetime | None = None
    ) -> None:
        CohortMembership.objects.create(
            cohort=self.cohort,
            profile=person,
            active=left is None,
            entered_at=at or timezone.now(),
            left_at=left,
        )

    @property
    def trees(self) -> dict[str, Tree]:
        leaves = {
            "cohort": ("cohort:heap", "includes_any", str(self.cohort.pk)),
            "list": ("user_list", "includes_any", str(self.user_list.pk)),
            "french": ("country", "equals", "FR"),
            "identified": ("identified", "true"),
        }
        return {"everyone": load_tree({})} | {
            name: load_tree(
                {"groups": [{"filters": [{"filter": key, "operator": how, "value": value}]}]}
            )
            for name, (key, how, *value) in leaves.items()
        }

    def audiences(self, people: People | None = None) -> dict[str, set[int]]:
        """Return who is in each of them: in the snapshot of ``people``, by default now."""
        if people is None:
            with people_of(self.workspace) as now:
                return self.audiences(now)
        return {name: set(tree.audience(people)) for name, tree in self.trees.items()}
