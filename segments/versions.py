"""Versions of a segment: what each save changed, in words."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from segments.filters.base import InvalidTree
from segments.filters.catalogue import Catalogue
from segments.filters.judging import checked_leaf
from segments.models import Segment, SegmentVersion
from workspaces.models import User

type Stored = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """Something that was one thing and became another."""

    what: str
    before: str
    after: str


@dataclass
class Changes:
    """What ``version`` changed in the one before it."""

    version: SegmentVersion
    is_first: bool = False
    details: list[Change] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    rearranged: bool = False

    @property
    def anything(self) -> bool:
        return bool(self.details or self.added or self.removed or self.rearranged)


def record_version(segment: Segment, *, by: User) -> None:
    """Keep ``segment`` as it stands, as saved by ``by``."""
    segment.versions.create(
        name=segment.name,
        description=segment.description,
        tags=segment.tags,
        tree=segment.tree,
        saved_by=by,
    )


def newest(segment: Segment, most: int, catalogue: Catalogue) -> list[Changes]:
    """Return the ``most`` newest versions of ``segment``, each with what it changed."""
    versions = segment.versions.select_related("saved_by")[: most + 1]
    return changes(list(versions), catalogue)[:most]


def changes(versions: Sequence[SegmentVersion], catalogue: Catalogue) -> list[Changes]:
    """Say of each of ``versions``, the newest first, what it changed in the next one.

    The last one is taken for the first that there ever was.
    """
    return [_changed(new, old, catalogue) for new, old in zip_longest(versions, versions[1:])]


def _changed(new: SegmentVersion, old: SegmentVersion | None, catalogue: Catalogue) -> Changes:
    if old is None:
        return Changes(new, is_first=True)
    said = Changes(new, details=[*_described(new, old), *_joined(new.tree, old.tree)])
    for kind in ("groups", "exclusions"):
        now, then = _leaves(new.tree, kind), _leaves(old.tree, kind)
        said.added += _sentences(now - then, kind, catalogue)
        said.removed += _sentences(then - now, kind, catalogue)
        said.rearranged |= _kept(new.tree, kind, now - then) != _kept(old.tree, kind, then - now)
    return said


def _kept(tree: Stored, kind: str, changed: Counter[str]) -> list[list[str]]:
    """Return the filters in the groups of a kind, less those that came or went."""
    left = +changed
    groups = []
    for group in tree.get(kind, []):
        kept = []
        for leaf in map(_as_text, group["filters"]):
            if left[leaf]:
                left[leaf] -= 1
            else:
                kept.append(leaf)
        groups.append(kept)
    return [kept for kept in groups if kept]


def _as_text(leaf: Stored) -> str:
    return json.dumps(leaf, sort_keys=True)


def _described(new: SegmentVersion, old: SegmentVersion) -> Iterator[Change]:
    pairs = (
        (_("Name"), old.name, new.name),
        (_("Description"), old.description, new.description),
        (_("Tags"), ", ".join(old.tags), ", ".join(new.tags)),
    )
    return (Change(*pair) for pair in pairs if pair[1] != pair[2])


def _joined(new: Stored, old: Stored) -> Iterator[Change]:
    """Say which joins changed, where there is something to join."""
    yield from _rejoined(_("Groups that must match"), new, old, "groups")
    for kind, words in (
        ("groups", _("Filters of group %(number)s that must match")),
        ("exclusions", _("Filters of exclusion group %(number)s that must match")),
    ):
        pairs = zip(new.get(kind, []), old.get(kind, []), strict=False)
        for number, (now, then) in enumerate(pairs, 1):
            yield from _rejoined(words % {"number": number}, now, then, "filters")


def _rejoined(what: str, new: Stored, old: Stored, parts: str) -> Iterator[Change]:
    if _join(new) != _join(old) and any(len(node.get(parts, [])) > 1 for node in (new, old)):
        yield Change(what, _join(old), _join(new))


def _join(node: Stored) -> str:
    return _("any") if node.get("join") == "any" else _("all")


def _leaves(tree: Stored, kind: str) -> Counter[str]:
    """Count the filters in the groups of a kind, as JSON: the same one may stand in two."""
    groups: Iterable[Stored] = tree.get(kind, [])
    return Counter(_as_text(leaf) for group in groups for leaf in group["filters"])


def _sentences(leaves: Counter[str], kind: str, catalogue: Catalogue) -> Iterator[str]:
    for leaf in leaves.elements():
        said = _sentence(json.loads(leaf), catalogue)
        yield _("excluded: %(filter)s") % {"filter": said} if kind == "exclusions" else said


def _sentence(leaf: Stored, catalogue: Catalogue) -> str:
    try:
        return checked_leaf(leaf).sentence(catalogue)
    except InvalidTree:  # of a partner or by an operator that there was once
        return str(leaf["filter"])
