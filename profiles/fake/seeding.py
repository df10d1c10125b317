"""Putting fake people into a workspace, by COPY."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

from profiles.fake import people
from profiles.fake.events import events_of
from profiles.fake.people import CUSTOM_ATTRIBUTES, Maker, People
from profiles.identity import look_up
from profiles.models import CustomAttribute, EventTotal, Profile
from workspaces.models import Workspace

CHUNK = 20_000
#: One anonymous profile for so many identified ones.
USERS_PER_ANONYMOUS = 20


def seed_people(
    workspace: Workspace, users: int, progress: Callable[[int], None] = lambda added: None
) -> int:
    """See to it that ``workspace`` has ``user-1`` to ``user-<users>``, and a twentieth of that in
    anonymous people with the devices ``device-1`` and up; return how many profiles were added.

    Who is there already stays untouched. Each chunk commits by itself; ``progress`` is then
    called with the number of profiles added so far.
    """
    CustomAttribute.objects.bulk_create(
        [
            CustomAttribute(workspace=workspace, name=n, type=t)
            for n, t in CUSTOM_ATTRIBUTES.items()
        ],
        ignore_conflicts=True,
    )
    added = 0
    with _one_at_a_time(workspace):
        for maker, numbers in _missing(workspace, users):
            added += _insert(workspace, maker(numbers))
            progress(added)
    if added:
        _refresh_statistics("profiles_profile", "profiles_alias", "profiles_device")
    return added


def seed_events(
    workspace: Workspace,
    users: int,
    average: float,
    progress: Callable[[int], None] = lambda added: None,
) -> int:
    """Give the people of ``seed_people`` events, ``average`` of them on average; return how many.

    Who has events already gets none. Each chunk commits by itself; ``progress`` is then called
    with the number of events added so far.
    """
    added = 0
    with _one_at_a_time(workspace):
        for kind, ids in _known(workspace, users):
            added += _insert_events(workspace, kind, ids, average)
            progress(added)
    if added:
        _refresh_statistics("profiles_event", "profiles_eventtotal")
    return added


@contextmanager
def _one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Let a second seed of the same workspace wait until the first is done."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtext('seed'), %s)", [workspace.pk])
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock(hashtext('seed'), %s)", [workspace.pk])


def _missing(workspace: Workspace, users: int) -> Iterator[tuple[Maker, Sequence[int]]]:
    """The numbers of people who are not there yet, by chunk, with the function that makes them."""
    for numbers in _chunks(users):
        known = look_up.by_external_id(workspace.pk, [f"user-{n}" for n in numbers])
        if missing := [n for n in numbers if f"user-{n}" not in known]:
            yield people.identified, missing
    for numbers in _chunks(users // USERS_PER_ANONYMOUS):
        free, taken = look_up.by_device(workspace.pk, [f"device-{n}" for n in numbers])
        devices = taken.union(free)
        if missing := [n for n in numbers if f"device-{n}" not in devices]:
            yield people.anonymous, missing


def _known(workspace: Workspace, users: int) -> Iterator[tuple[str, dict[int, int]]]:
    """The people who are there, by chunk: their profile ids by number, and what they are."""
    for numbers in _chunks(users):
        known = look_up.by_external_id(workspace.pk, [f"user-{n}" for n in numbers])
        yield "user", {n: known[f"user-{n}"] for n in numbers if f"user-{n}" in known}
    for numbers in _chunks(users // USERS_PER_ANONYMOUS):
        known, _taken = look_up.by_device(workspace.pk, [f"device-{n}" for n in numbers])
        yield "anonymous", {n: known[f"device-{n}"] for n in numbers if f"device-{n}" in known}


def _without_events(ids: Mapping[int, int]) -> dict[int, int]:
    """Leave those of ``ids`` who have no events, and hold them until the transaction ends."""
    known = Profile.objects.filter(pk__in=ids.values()).order_by("pk")
    held = set(known.select_for_update(no_key=True).values_list("pk", flat=True))
    active = EventTotal.objects.filter(profile__in=held).values_list("profile", flat=True)
    idle = held.difference(active)
    return {number: pk for number, pk in ids.items() if pk in idle}


@transaction.atomic
def _insert_events(
    workspace: Workspace, kind: str, ids_by_number: Mapping[int, int], average: float
) -> int:
    """Write the events of those who have none yet; their totals follow by trigger."""
    people = _without_events(ids_by_number)
    ids, space = [str(pk) for pk in people.values()], str(workspace.pk)
    rows = [(space, ids[i], *event) for i, *event in events_of(kind, list(people), average)]
    columns = ("workspace_id", "profile_id", "kind", "name", "time", "amount", "properties")
    with _trusted_references(workspace):
        _copy("profiles_event", columns, rows)
    return len(rows)


def _chunks(total: int) -> Iterator[range]:
    for start in range(1, total + 1, CHUNK):
        yield range(start, min(start + CHUNK, total + 1))


@transaction.atomic
def _insert(workspace: Workspace, made: People) -> int:
    """Write ``made`` with their aliases and devices; return how many profiles that were."""
    ids = _reserve_ids(len(made.columns["external_id"]))
    space = str(workspace.pk)
    columns = {"id": ids, "workspace_id": [space] * len(ids)} | made.columns
    aliases = ((ids[i], space, label, name) for i, label, name in made.aliases)
    devices = ((ids[i], space, device) for i, device in made.devices)
    with _trusted_references(workspace):
        _copy("profiles_profile", columns, zip(*columns.values(), strict=True))
        _copy("profiles_alias", ("profile_id", "workspace_id", "label", "name"), aliases)
        _copy("profiles_device", ("profile_id", "workspace_id", "device_id"), devices)
    return len(ids)


@contextmanager
def _trusted_references(workspace: Workspace) -> Iterator[None]:
    """Spare PostgreSQL the look-up of each foreign key, which is a quarter of the time.

    The rows name only this workspace, which is locked here, and profiles that are of the same
    transaction or locked. Only a superuser may ask for it; for others each key is looked up.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('is_superuser') = 'on' from workspaces_workspace"
            " where id = %s for key share",
            [workspace.pk],
        )
        trusted = cursor.fetchone() == (True,)
        if trusted:
            cursor.execute("set local session_replication_role = replica")
        yield
        if trusted:
            cursor.execute("set local session_replication_role = origin")


def _reserve_ids(count: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select nextval('profiles_profile_id_seq')::text from generate_series(1, %s)", [count]
        )
        return [number for (number,) in cursor.fetchall()]


def _copy(table: str, columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    # The rows are in COPY's text form already: our words hold nothing that it would escape.
    statement = f"copy {table} ({', '.join(columns)}) from stdin"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(["\t".join(row) + "\n" for row in rows]))


def _refresh_statistics(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {', '.join(tables)}")
