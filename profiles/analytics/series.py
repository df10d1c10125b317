"""What people did by the day or by the hour, in the time zone of their workspace.

A series has one figure for each unit of time, also where nothing happened, the oldest first. Its
last unit is the one in which ``ending_at`` lies; it counts whole, so that a day's figure is the
same whenever it is asked for after that day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from pyroaring import BitMap

from lib.statements import Statements
from profiles.models import EventKind
from workspaces.models import Workspace

statements = Statements.beside(__file__)
#: Those are active in a month who were in its last so many days.
MONTH = 30


@dataclass(frozen=True)
class Units:
    """Days or hours that follow each other: how they are named, and the instants between them.

    There is one instant more than there are names: the end of the last unit. None is yet to come.
    """

    names: list[str]
    edges: list[datetime]

    def __len__(self) -> int:
        return len(self.names)


def days(workspace: Workspace, length: int, ending_at: datetime) -> Units:
    """Return ``length`` calendar days of the workspace, up to that of ``ending_at``."""
    zone = ZoneInfo(workspace.time_zone)
    last = ending_at.astimezone(zone).date()
    dates = [last - timedelta(days=back) for back in range(length - 1, -1, -1)]
    edges = [_midnight(day, zone) for day in [*dates, last + timedelta(days=1)]]
    return _begun([day.isoformat() for day in dates], edges)


def hours(workspace: Workspace, length: int, ending_at: datetime) -> Units:
    """Return ``length`` hours of the workspace, up to that of ``ending_at``."""
    zone = ZoneInfo(workspace.time_zone)
    last = ending_at.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    edges = [last + timedelta(hours=n) for n in range(1 - length, 2)]
    return _begun([edge.astimezone(zone).isoformat() for edge in edges[:-1]], edges)


def _begun(names: list[str], edges: list[datetime]) -> Units:
    now = timezone.now()
    known = sum(edge <= now for edge in edges[:-1])
    return Units(names[:known], edges[: known + 1])


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class Wanted:
    """Which events count: of a kind, and if given of a name, in an app, by some people alone.

    Of a session the app is its name.
    """

    kind: EventKind
    name: str | None = None
    app: str | None = None
    people: BitMap | None = None

    @property
    def values(self) -> dict[str, Any]:
        session = self.kind == EventKind.SESSION
        return {
            "kind": self.kind.value,
            "name": self.app if session else self.name,
            "app": None if session else self.app,
            "everyone": self.people is None,
            "people": f"{{{','.join(map(str, self.people or ()))}}}",
        }


def count_events(workspace: Workspace, units: Units, wanted: Wanted) -> list[int]:
    """Return how often ``wanted`` happened in each of ``units``."""
    rows = dict(_rows("counts", workspace, units, wanted.values))
    return [rows.get(unit, 0) for unit in range(len(units))]


def sum_revenue(workspace: Workspace, units: Units, wanted: Wanted) -> list[float]:
    """Return the money spent in each of ``units``, in US dollars."""
    rows = dict(_rows("revenue", workspace, units, wanted.values))
    return [float(rows.get(unit) or 0) for unit in range(len(units))]


def count_new_people(workspace: Workspace, units: Units, app: str | None) -> list[int]:
    """Return how many people came in each of ``units``; of an app, who had the first session."""
    statement = "new_people" if app is None else "new_people_of_app"
    rows = dict(_rows(statement, workspace, units, {"app": app}))
    return [rows.get(unit, 0) for unit in range(len(units))]


def count_active(
    workspace: Workspace, units: Units, app: str | None, *, trailing: int = 1
) -> list[int]:
    """Return how many people had a session in the ``trailing`` days up to each day of ``units``."""
    if not units:
        return []
    before = days(workspace, trailing - 1, units.edges[0] - timedelta(seconds=1))
    longer = Units(before.names + units.names, before.edges[:-1] + units.edges)
    rows = dict(_rows("active", workspace, longer, {"app": app, "trailing": trailing}))
    active = accumulate(rows.get(day, 0) for day in range(len(longer)))
    return list(active)[trailing - 1 :]


def _rows(
    statement: str, workspace: Workspace, units: Units, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    if not units:
        return []
    window = {"starts": units.edges[:-1], "ends": units.edges[-1], "workspace": workspace.pk}
    return statements.rows(statement, **values, **window)
