"""Putting fake people into a workspace, by COPY."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

from profiles import identity, people
from profiles.models import CustomAttribute
from profiles.people import CUSTOM_ATTRIBUTES, Maker, People
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
        _refresh_statistics()
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
        known = identity.by_external_id(workspace.pk, [f"user-{n}" for n in numbers])
        if missing := [n for n in numbers if f"user-{n}" not in known]:
            yield people.identified, missing
    for numbers in _chunks(users // USERS_PER_ANONYMOUS):
        free, taken = identity.by_device(workspace.pk, [f"device-{n}" for n in numbers])
        devices = taken.union(free)
        if missing := [n for n in numbers if f"device-{n}" not in devices]:
            yield people.anonymous, missing


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

    The rows name only this workspace, which is locked here, and profiles of the same
    transaction. Only a superuser may ask for it; for others each key is looked up.
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


def _refresh_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze profiles_profile, profiles_alias, profiles_device")
