"""What a filter is, and the registry in which every room enters the filters over its own data.

A filter is one class in one file: its label, operators, form field, predicate, sentence and what
can change its answer. Rooms put theirs in a module ``segment_filters``, found at start-up.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from pyroaring import BitMap

from profiles.models import Profile
from workspaces.models import Workspace

type Label = Any  # text, or a lazy translation of it
type Choices = Sequence[tuple[str, Label]]
type Value = tuple[Any, ...]


#: How far ahead a leaf knows which answers may flip with time. These people are looked at each
#: minute: a whole day of them would be more work than to build the leaf anew four times a day.
HORIZON = timedelta(hours=6)
#: Any moment will do: ``meaning`` spells a filter out for this one.
SPELLED_AT = datetime(2024, 2, 28, 23, 30, tzinfo=UTC)


#: What stands in a sentence for a value that the reader may not see.
HIDDEN = "•••"


class InvalidTree(ValueError):
    """A stored or posted tree that names something this portal does not have."""


class NotReady(Exception):
    """A bitmap that takes longer than the page can wait. A job builds it."""


@dataclass(frozen=True)
class Query:
    """A ``select`` of profile ids with its bound parameters."""

    sql: str
    params: tuple[Any, ...] = ()

    def __or__(self, other: "Query") -> "Query":
        return Query(f"{self.sql} union all {other.sql}", self.params + other.params)


@dataclass(frozen=True)
class Since:
    """The marks that the reader may see: from the transaction ``token`` on, and below ``before``.

    A dump restored into another cluster brings marks that are still ahead there. Without the second
    bound every profile would look changed until that cluster has caught up.
    """

    token: int
    before: int = 2**64 - 1

    sql: ClassVar[str] = "changed >= %s::xid8 and changed < %s::xid8"

    @property
    def params(self) -> "Value":
        return (str(self.token), str(self.before))


def as_listed(value: Value, now: datetime) -> Value:
    """Bind each value to a parameter of its own."""
    return value


def as_array(value: Value, now: datetime) -> Value:
    """Bind all values to one array parameter."""
    return ([str(item) for item in value],)


def as_both_moments(value: Value, now: datetime, until: datetime) -> Value:
    """Bind the two moments between which an answer may flip."""
    return (now, until)


@dataclass(frozen=True)
class Operator:
    """One way to compare: the predicate ``sql`` over the column ``x``, and the value it asks for.

    ``negates`` names the operator of which this one is the opposite; then there is no ``sql``:
    negation is applied once, by the caller, and both share one bitmap. An operator whose answer
    moves with time though nobody changed has ``flips``: the predicate over ``x`` of those whose
    answer may flip from now until a later moment, itself excluded or not.
    """

    label: Label
    field: Callable[[Choices], forms.Field]
    sql: str = ""
    params: Callable[[Value, datetime], Value] = as_listed
    negates: str = ""
    flips: str = ""
    flips_params: Callable[[Value, datetime, datetime], Value] = as_both_moments


def changed_in(table: str, profile: str, workspace: Workspace, since: Since) -> Query:
    """Select ``profile`` of the rows of ``table`` written ``since``.

    The workspace comes as a subquery, so that the planner expects one of average size. Of one that
    has come since it last analysed the table it would expect a single row, and read all of them.
    """
    return Query(
        f"select {profile} from {table} "  # noqa: S608
        f"where workspace_id = (select %s::bigint) and {since.sql}",
        (workspace.pk, *since.params),
    )


class Population(Protocol):
    """The people of a workspace at one instant, as a node asks for them: ``audiences.people``."""

    def everyone(self) -> BitMap:
        """Return the ids of all people."""

    def leaf(self, item: "Filter") -> BitMap:
        """Return the ids of the people for whom ``item`` holds. Its negation is not applied."""

    def audience(self, node: "Node") -> BitMap:
        """Return the ids of the people of ``node``. They are worked out once."""

    def segment(self, pk: str | UUID) -> BitMap:
        """Return the ids of the people of a segment."""

    def tree(self, pk: str | UUID) -> "Node":
        """Return the tree of a segment, which stands for it."""

    def leaves_of(self, pk: str) -> Iterable["Filter"]:
        """Give the filters that a segment combines."""


class Node(Protocol):
    """What selects people: a filter, a group, a tree."""

    def audience(self, people: Population) -> BitMap:
        """Return the ids of those people."""

    def leaves(self, people: Population) -> Iterable["Filter"]:
        """Give the filters whose bitmaps ``audience`` combines."""


class Labels(Protocol):
    """What a filter asks to say itself in words. See ``filters.catalogue``."""

    workspace: Workspace
    personal: bool

    def label(self, item: "Filter") -> Label:
        """Name ``item`` as the menu does."""

    def choices(self, item: "Filter") -> Choices:
        """Give what ``item`` lets one pick."""


@dataclass(frozen=True)
class Filter:
    """One question about a person, as a frozen value: equal filters have equal answers.

    ``subject`` says what is asked about where one class serves many (which attribute, which
    partner), ``operator`` is a key of ``operators``, ``value`` what the operator's field cleaned.
    """

    subject: str
    operator: str
    value: Value

    kind: ClassVar[str]
    category: ClassVar[Label]
    operators: ClassVar[dict[str, Operator]]
    #: Whether it sees what names or reaches a person: such values are not for every reader.
    personal: ClassVar[bool] = False
    # How to call one of ``picked`` that was deleted.
    gone: ClassVar[Label] = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", tuple(as_stored(part) for part in self.value))

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        """Give the subjects that the filter menu offers, each with its label."""
        raise NotImplementedError

    @classmethod
    def offered(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        """Give those of ``subjects`` that stand in the menu: all, where there are a few."""
        return cls.subjects(workspace)

    @classmethod
    def label(cls, workspace: Workspace, subject: str) -> Label:
        """Name the filter over ``subject``, also when the menu no longer offers it."""
        return dict(cls.subjects(workspace)).get(subject, subject)

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        """Give the values that one can pick, where the operators pick."""
        return ()

    def query(self, workspace: Workspace, now: datetime) -> Query:
        """Select the people for whom the filter holds. Its negation is not applied."""
        raise NotImplementedError

    def test(self, now: datetime) -> Query | None:
        """Say the same as a condition on one row of ``profiles_profile``. None where that row does
        not tell.

        For a few people, hundreds of conditions take no longer than a handful of queries.
        """
        return None

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        """Select the people whose answer may differ because a row was written ``since``."""
        return changed_in("profiles_profile", "id", workspace, since)

    def settled_until(self, now: datetime) -> datetime | None:
        """Return until when the answer of ``now`` stands, but for the ``restless``.

        None is for good: only a changed row can change the answer.
        """
        return now + HORIZON if self.positive.flips else None

    def restless(self, workspace: Workspace, now: datetime, until: datetime) -> Query | None:
        """Select all whose answer may flip between ``now`` and ``until`` though nobody writes.

        More may be selected than do flip. None is nobody.
        """
        return None

    @property
    def picked(self) -> tuple[str, ...]:
        """The ids in the value, as ``choices`` offers them: their rows may be deleted meanwhile."""
        return ()

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        """Say what this filter sees in ``profile``, in words; nothing where it has none."""
        return ""

    def notes(self, catalogue: Labels) -> list[str]:
        """Say in sentences what is amiss with what the filter names: deleted, empty, archived."""
        return []

    def fresh_at(self, workspace: Workspace) -> list[tuple[str, datetime | None]]:
        """Name the outside sources that this filter reads, each with when it last sent data."""
        return []

    @property
    def key(self) -> str:
        """The filter's name in the menu and in a stored tree: its kind and its subject."""
        return f"{self.kind}:{self.subject}" if self.subject else self.kind

    @property
    def negative(self) -> bool:
        return bool(self.operators[self.operator].negates)

    @property
    def positive(self) -> Operator:
        """The operator whose ``sql`` decides, also for its opposite."""
        chosen = self.operators[self.operator]
        return self.operators[chosen.negates] if chosen.negates else chosen

    def fingerprint(self, workspace: Workspace) -> str:
        """Name the bitmap of this filter: the same for a filter and its opposite."""
        # Where the workspace is decides when its days begin.
        asked = (str(workspace.uid), workspace.time_zone)
        if asked not in self._fingerprints:
            name = self.operators[self.operator].negates or self.operator
            said = [*asked, self.kind, self.subject, name, self.value, self.meaning(workspace)]
            self._fingerprints[asked] = hashlib.sha256(json.dumps(said).encode()).hexdigest()
        return self._fingerprints[asked]

    @cached_property
    def _fingerprints(self) -> dict[tuple[str, str], str]:
        """Those that were asked for, by where: to spell out a meaning takes as long as a look."""
        return {}

    def meaning(self, workspace: Workspace) -> str:
        """Spell out how the bitmap is made and kept, with nothing that moves with time.

        It is part of the name, so that an update which changes the meaning begins with a bitmap of
        its own.
        """
        until = self.settled_until(SPELLED_AT)
        flips = self.restless(workspace, SPELLED_AT, until) if until else None
        changes = self.changed_since(workspace, Since(0))
        return repr((self.query(workspace, SPELLED_AT), changes, until, flips))

    def audience(self, people: Population) -> BitMap:
        """Return the ids of the people for whom the filter holds."""
        inside = people.leaf(self)
        return people.everyone() - inside if self.negative else inside

    def leaves(self, people: Population) -> Iterable["Filter"]:
        """Give the filters whose bitmaps ``audience`` reads: this one."""
        yield self

    def condition(self, workspace: Workspace, now: datetime) -> Query:
        """Say the same as ``audience`` as a condition of plain SQL over a column ``id``."""
        query = self.query(workspace, now)
        return Query(f"id {'not ' if self.negative else ''}in ({query.sql})", query.params)

    def sentence(self, catalogue: Labels) -> str:
        """Say the filter in words, e.g. “Heap Cohorts includes Trial drop-offs”."""
        label, operator = catalogue.label(self), str(self.operators[self.operator].label)
        if not self.value:
            return f"{label} {operator}"
        hidden = self.personal and not catalogue.personal
        value = HIDDEN if hidden else self.value_in_words(catalogue)
        # The value stands where the operator leaves a gap: “less than 3 days ago”.
        if "…" in operator:
            return f"{label} {operator.replace('…', value)}"
        return f"{label} {operator} {value}"

    def value_in_words(self, catalogue: Labels) -> str:
        names = dict(catalogue.choices(self))
        return either([str(names.get(str(item), self.gone or item)) for item in self.value])

    def dump(self) -> dict[str, Any]:
        """Return the filter as it is stored in a tree."""
        return {"filter": self.key, "operator": self.operator, "value": list(self.value)}


def as_stored(part: Any) -> Any:
    """Return one part of a value as ``jsonb`` gives it back, which writes large numbers out."""
    if isinstance(part, float) and "e+" in repr(part):
        return int(Decimal(repr(part)))
    return part


def either(words: list[str]) -> str:
    """Join ``words`` as alternatives: “a, b or c”."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s or %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


FILTERS: dict[str, type[Filter]] = {}


def register[F: type[Filter]](filter_class: F) -> F:
    """Enter a filter class, as a decorator. Its ``kind`` must be its own."""
    if FILTERS.setdefault(filter_class.kind, filter_class) is not filter_class:
        raise ValueError(f"two filters are called {filter_class.kind!r}")
    return filter_class


#: Filters that no menu offers and no tree may name; their bitmaps are built by jobs too.
UNLISTED: dict[str, type[Filter]] = {}


def unlisted[F: type[Filter]](filter_class: F) -> F:
    """Enter a filter class that the portal alone uses, as a decorator."""
    UNLISTED[filter_class.kind] = filter_class
    return filter_class


def find(key: str) -> tuple[type[Filter], str]:
    """Return the filter class and the subject that ``key`` names, or raise ``InvalidTree``."""
    kind, _colon, subject = key.partition(":")
    if kind not in FILTERS or "\0" in subject:
        raise InvalidTree(_("there is no such filter."))
    return FILTERS[kind], subject
