"""What names profiles: giving a profile an external id or an alias, and renaming either.

Each function applies one item of a call, whole or not at all, and raises ``Refused`` where it
cannot be applied.
"""

from lib.transactions import Collided, retried
from profiles.identity import look_up
from profiles.identity.merging import NotMerged, hold, merge_held
from profiles.identity.who import SharedAddress, Who, find_one
from profiles.models import Alias, FormerExternalId, Profile
from workspaces.models import Workspace


class Refused(ValueError):
    """An item that was not applied. The sentence says why."""


@retried
def identify(workspace: Workspace, who: Who | SharedAddress, external_id: str) -> bool:
    """Give the anonymous profile that ``who`` names the external id ``external_id``.

    Where another profile has it already, the anonymous one is merged into that one, unless both
    have an alias of the same label. Return whether that was so.
    """
    person = find_one(workspace, who)
    known = find_one(workspace, Who.external_id(external_id))
    if person is None:
        raise Refused("no one user is found by this identifier")
    if known is None:
        anonymous = _held(workspace, person)
        if anonymous.external_id != external_id:
            _insist_on_anonymous(anonymous)
            anonymous.external_id = external_id
            anonymous.save(update_fields=["external_id"])
    elif known != person:
        _join(workspace, person, known)
        return True
    return False


def _join(workspace: Workspace, person: int, known: int) -> None:
    merged, kept = _both_held(workspace, merged=person, kept=known)
    _insist_on_anonymous(merged)
    labels = merged.aliases.values("label")
    if kept.aliases.filter(label__in=labels).exists():
        raise Refused("the identified user has an alias with the same alias_label")
    merge_held(merged, kept)


def _insist_on_anonymous(person: Profile) -> None:
    if person.external_id is not None:
        raise Refused("the user has another external_id already")


@retried
def merge_named(
    workspace: Workspace, merged: Who | SharedAddress, kept: Who | SharedAddress
) -> None:
    """Merge the profile that ``merged`` names into the one that ``kept`` names."""
    one, other = find_one(workspace, merged), find_one(workspace, kept)
    if one is None or other is None:
        which = "identifier_to_merge" if one is None else "identifier_to_keep"
        raise Refused(f"no one user is found by {which}")
    if one == other:
        raise Refused("both identifiers name the same user")
    merge_held(*_both_held(workspace, merged=one, kept=other))


@retried
def add_alias(workspace: Workspace, alias: Who, external_id: str | None) -> None:
    """Give the profile with ``external_id`` an alias, or make a profile that has nothing else."""
    owner = find_one(workspace, alias)
    if external_id is None:
        if owner is None:
            _create_alias(workspace, alias, Profile.objects.create(workspace=workspace))
        return
    person = find_one(workspace, Who.external_id(external_id))
    if person is None:
        raise Refused("no user has this external_id")
    if owner is not None and owner != person:
        raise Refused("another user has this alias")
    held = _held(workspace, person, no_key=True)
    if owner is None:
        if held.aliases.filter(label=alias.value[0]).exists():
            raise Refused("the user has another alias with this alias_label")
        _create_alias(workspace, alias, held)


def _create_alias(workspace: Workspace, alias: Who, person: Profile) -> None:
    label, name = alias.value
    Alias.objects.create(workspace=workspace, profile=person, label=label, name=name)


@retried
def rename_alias(workspace: Workspace, label: str, name: str, new_name: str) -> None:
    """Give the alias ``name`` another name under its ``label``."""
    if find_one(workspace, Who.alias(label, name)) is None:
        raise Refused("no user has this alias")
    if new_name == name:
        return
    if find_one(workspace, Who.alias(label, new_name)) is not None:
        raise Refused("a user has the new alias already")
    named = Alias.objects.filter(workspace=workspace, label=label, name=name)
    if not named.update(name=new_name):
        raise Collided


@retried
def rename_external_id(workspace: Workspace, current: str, new: str) -> None:
    """Give the profile with the external id ``current`` the one ``new``.

    ``current`` is deprecated: it goes on naming that profile until it is removed.
    """
    if current == new:
        raise Refused("current_external_id and new_external_id are the same")
    people = Profile.objects.in_workspace(workspace).filter(external_id=current)
    person = people.select_for_update().first()
    if person is None:
        raise Refused("current_external_id is not the primary external_id of a user")
    if look_up.by_external_id(workspace.pk, [new]):
        raise Refused("new_external_id is in use")
    FormerExternalId.objects.update_or_create(
        workspace=workspace, external_id=current, defaults={"profile": person}
    )
    person.external_id = new
    person.save(update_fields=["external_id"])


def remove_external_id(workspace: Workspace, external_id: str) -> None:
    """Forget the deprecated external id ``external_id``: it names nobody any more."""
    former = FormerExternalId.objects.filter(workspace=workspace, external_id=external_id)
    removed, _ = former.delete()
    if not removed:
        is_primary = find_one(workspace, Who.external_id(external_id)) is not None
        problem = "is primary: only deprecated ones can be removed" if is_primary else "is unknown"
        raise Refused(f"this external_id {problem}")


def _held(workspace: Workspace, pk: int, *, no_key: bool = False) -> Profile:
    """Return the profile ``pk``, held until the transaction ends."""
    people = Profile.objects.in_workspace(workspace).filter(pk=pk)
    person = people.select_for_update(no_key=no_key).first()
    if person is None:
        raise Collided
    return person


def _both_held(workspace: Workspace, *, merged: int, kept: int) -> tuple[Profile, Profile]:
    try:
        return hold(workspace, merged=merged, kept=kept)
    except NotMerged as error:
        raise Collided from error
