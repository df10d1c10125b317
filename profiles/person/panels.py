"""The parts of a person's page that other rooms bring: in cohorts, in segments, messages.

A room puts its own in a module ``person_panels``, found at start-up, as functions under
``register``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from profiles.models import Profile
from workspaces.access import WorkspaceRequest


@dataclass(frozen=True)
class Panel:
    """A card on the page: its title, and the template that fills it from ``context``."""

    title: Any
    template: str
    context: dict[str, Any] = field(default_factory=dict)


type Maker = Callable[[WorkspaceRequest, Profile], Panel]

PANELS: list[Maker] = []


def register(maker: Maker) -> Maker:
    """Enter what makes a panel for the reader of a page and a person, as a decorator."""
    PANELS.append(maker)
    return maker


def panels_of(request: WorkspaceRequest, person: Profile) -> list[Panel]:
    """Return the panels about ``person``, in the order in which the rooms are installed."""
    return [maker(request, person) for maker in PANELS]
