"""The ways in which a caller of the REST API names one person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lib.statements import Statements
from profiles.identity import look_up as identity
from workspaces.models import Workspace

statements = Statements.beside(__file__)

#: People who share an address, the longest unchanged first: each with whether they are identified.
Candidates = list[tuple[int, bool]]
#: How each word of a ``prioritization`` narrows them down.
PRIORITIES: dict[str, Callable[[Candidates], Candidates]] = {
    "identified": lambda people: [person for person in people if person[1]],
    "unidentified": lambda people: [person for person in people if not person[1]],
    "most_recently_updated": lambda people: people[-1:],
    "least_recently_updated": lambda people: people[:1],
}


class Identifier(Protocol):
    def find(self, workspace: Workspace) -> int | None:
        """Return the profile id of whom this names in ``workspace``, or None."""


@dataclass(frozen=True, slots=True)
class ExternalId:
    external_id: str

    def find(self, workspace: Workspace) -> int | None:
        return identity.by_external_id(workspace.pk, [self.external_id]).get(self.external_id)


@dataclass(frozen=True, slots=True)
class UserAlias:
    label: str
    name: str

    def find(self, workspace: Workspace) -> int | None:
        pair = (self.label, self.name)
        return identity.by_alias(workspace.pk, [pair]).get(pair)


@dataclass(frozen=True, slots=True)
class BrazeId:
    braze_id: str

    def find(self, workspace: Workspace) -> int | None:
        braze_id = self.braze_id.lower()
        return identity.by_braze_id(workspace.pk, [braze_id]).get(braze_id)


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address or a phone number (``kind`` says which), as several people may have it.

    The words of ``prioritization`` narrow them down in order. Unless exactly one is left then, it
    names nobody.
    """

    kind: str
    address: str
    prioritization: tuple[str, ...] = ()

    def find(self, workspace: Workspace) -> int | None:
        people: Candidates = statements.rows(
            f"by_{self.kind}", workspace=workspace.pk, address=self.address
        )
        for word in self.prioritization:
            people = PRIORITIES[word](people)
        return people[0][0] if len(people) == 1 else None
