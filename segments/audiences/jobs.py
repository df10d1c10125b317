"""Building leaves that no page could wait for."""

from segments.audiences import backlog
from segments.audiences.patience import JOB_TIMEOUT_MS
from segments.audiences.people import people_of
from segments.filters.judging import revive
from segments.models import LeafBuild


def build(fingerprint: str) -> None:
    """Build the leaf that was asked for, or write down why it cannot be built.

    Nothing happens when another worker has built it meanwhile.
    """
    asked = LeafBuild.objects.select_related("workspace").filter(pk=fingerprint).first()
    if asked is None or not backlog.begin(asked):
        return
    try:
        with people_of(asked.workspace, timeout_ms=JOB_TIMEOUT_MS) as people:
            people.build(revive(asked.leaf))
    except Exception as error:  # noqa: BLE001  whatever it is, it must not be tried for ever
        backlog.fail(asked, backlog.reason_of(error))
    else:
        LeafBuild.objects.filter(pk=fingerprint).delete()
