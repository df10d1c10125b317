"""The self-check: stored bitmaps are compared with what plain SQL says.

A bitmap is compared in one snapshot, at the moment in which it is true. Who changed since it was
stored is left out: of them a reader asks anyway. A wrong one is dropped, with all that any process
has in its memory, since that may have been caught up from it; a job builds it anew.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from segments.audiences import backlog, bitmaps, life, reading
from segments.audiences.patience import JOB_TIMEOUT_MS
from segments.audiences.people import People, people_of
from segments.filters.base import Filter, InvalidTree
from segments.filters.judging import revive
from segments.models import LeafBitmap, WrongBitmap

logger = logging.getLogger(__name__)

#: How many bitmaps a night compares: those used last, and as many drawn from the others.
USED_LAST = DRAWN = 50
#: For so long it is kept what was found.
FINDINGS_KEPT = timedelta(days=90)


@dataclass
class Report:
    """How many bitmaps were ``right``, what was ``wrong``, and how many could not be compared."""

    right: int = 0
    wrong: list[WrongBitmap] = field(default_factory=list)
    skipped: int = 0

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.right + other.right, self.wrong + other.wrong, self.skipped + other.skipped
        )


def nightly() -> Report:
    """Verify a sample; where one of it is wrong, all the others too. Forget old findings."""
    WrongBitmap.objects.filter(found_at__lt=timezone.now() - FINDINGS_KEPT).delete()
    names = sample()
    report = verify(names)
    return report + verify(set(everything()) - set(names)) if report.wrong else report


def sample() -> list[str]:
    """Return the names of the stored bitmaps used last, and of others drawn at random."""
    known = LeafBitmap.objects.values_list("pk", flat=True)
    last = list(known.order_by("-used_at", "pk")[:USED_LAST])
    return [*last, *known.exclude(pk__in=last).order_by("?")[:DRAWN]]


def everything() -> list[str]:
    """Return the names of all stored bitmaps, those used last first."""
    return list(LeafBitmap.objects.order_by("-used_at", "pk").values_list("pk", flat=True))


def verify(names: Iterable[str]) -> Report:
    """Compare the stored bitmaps ``names`` with plain SQL; see to those that are wrong."""
    report = Report()
    for name in names:
        match _verified(name):
            case None:
                report.skipped += 1
            case WrongBitmap() as wrong:
                report.wrong.append(wrong)
            case _:
                report.right += 1
    return report


def _verified(name: str) -> WrongBitmap | bool | None:
    """Return what is wrong with a stored bitmap; True if it is right.

    None is for one that cannot be compared: it is gone, too old to serve anybody, of a filter that
    is no more or takes too long, or too many people changed since.
    """
    kept = LeafBitmap.objects.only("workspace", "leaf", "moment").select_related("workspace")
    row = kept.filter(pk=name, moment__gt=timezone.now() - bitmaps.MOST_STALE).first()
    if row is None:
        return None
    try:
        item = revive(row.leaf)
        if item.fingerprint(row.workspace) != name:
            return None
        with people_of(row.workspace, timeout_ms=JOB_TIMEOUT_MS, now=row.moment) as people:
            found = _compared(people, item, name)
    except (DatabaseError, InvalidTree) as error:
        logger.warning("bitmap %s cannot be compared: %s", name, error)
        return None
    if isinstance(found, WrongBitmap):
        _replace(found, item)
    return found


def _compared(people: People, item: Filter, name: str) -> WrongBitmap | bool | None:
    whole = people.leaves.whole
    leaf = dict(bitmaps.stored([name], whole.snapshot)).get(name)
    if leaf is None or leaf.moment != people.now or not leaf.may_serve(whole.snapshot, people.now):
        return None
    look = whole.to_look_at(item, leaf)
    if look is None:
        return None
    flips = item.restless(people.workspace, people.now, leaf.until) if leaf.until else None
    true, *flipping = reading.read(
        [item.query(people.workspace, people.now), *([flips] if flips else [])]
    )
    missing, surplus = true - leaf.bitmap - look, leaf.bitmap - true - look
    asleep = flipping[0] - leaf.restless - look if flipping else ()
    if not (missing or surplus or asleep):
        return True
    return WrongBitmap(
        workspace=people.workspace,
        fingerprint=name,
        stored=len(leaf.bitmap),
        true=len(true),
        missing=len(missing),
        surplus=len(surplus),
        asleep=len(asleep),
    )


def _replace(wrong: WrongBitmap, item: Filter) -> None:
    """Drop a wrong bitmap wherever it is, have it built anew, and tell of it."""
    with transaction.atomic():
        # First: who stores something holds the life. So they end before, or store nothing of it.
        life.end()
        LeafBitmap.objects.filter(pk=wrong.fingerprint).delete()
        wrong.save()
        backlog.ask_for(wrong.workspace, {wrong.fingerprint: item})
    logger.error(
        "the bitmap %s of workspace %s was wrong, and is built anew: "
        "%s people stored, %s true, %s missing, %s too many, %s asleep",
        wrong.fingerprint,
        wrong.workspace.pk,
        wrong.stored,
        wrong.true,
        wrong.missing,
        wrong.surplus,
        wrong.asleep,
    )
