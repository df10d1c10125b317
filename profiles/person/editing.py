"""Changing what is known of a person by hand, and merging two who are one; all on record."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db import IntegrityError, transaction

from profiles import custom_size, since_when, telling
from profiles.attributes import type_of
from profiles.identity import deleting, merging
from profiles.models import AddressState, CustomAttribute, Profile, SubscriptionGroup
from profiles.subscriptions.states import set_group_state
from workspaces import audit
from workspaces.models import User


@transaction.atomic
def edit_person(
    person: Profile,
    *,
    standard: dict[str, Any],
    custom: dict[str, Any],
    groups: dict[SubscriptionGroup, bool],
    by: User,
) -> list[str]:
    """Give ``person`` the values ``standard``, by column, and ``custom``, by name; None takes a
    custom attribute away. Subscribe them to ``groups``, or unsubscribe them. All are cleaned
    already. Return the names of what changed. Raises ``custom_size.TooLarge``.
    """
    held = Profile.objects.select_for_update(no_key=True).get(pk=person.pk)
    changed = [name for name, value in standard.items() if getattr(held, name) != value]
    for name in changed:
        setattr(held, name, standard[name])
    for name in _said(held, standard, changed):
        for column, since in since_when.begun(name, standard[name], email=held.email).items():
            setattr(held, column, since)
    new = {name: value for name, value in custom.items() if held.custom.get(name) != value}
    held.custom = {n: v for n, v in (held.custom | new).items() if v is not None}
    if changed or new:
        _save(held)
        _register(held, new)
        news = telling.News(columns={held.pk: {name: standard[name] for name in changed}})
        telling.tell(held.workspace, news, source=telling.Source.DASHBOARD)
    whom = Profile.objects.filter(pk=held.pk)
    moved = [
        group.name
        for group, subscribed in groups.items()
        if set_group_state(group, whom, subscribed=subscribed, source=telling.Source.DASHBOARD)
    ]
    names = sorted([*changed, *new, *moved])
    if names:
        audit.record(held.workspace, by, "Edited User", held, attributes=names)
    return names


def _save(person: Profile) -> None:
    try:
        person.save()
    except IntegrityError as error:
        if custom_size.is_refusal(error):
            raise custom_size.TooLarge from error
        raise


def _said(person: Profile, standard: Collection[str], changed: Collection[str]) -> Iterator[str]:
    """Give the subscriptions that the form says of ``person``: those that changed, and the one of a
    new address. Where a state is kept for the address, a trigger gives it, with its time.
    """
    yield from (name for name in since_when.SINCE if name in changed)
    if "email" in changed and "email_subscribe" in set(standard).difference(changed):
        kept = AddressState.objects.filter(workspace_id=person.workspace_id, email=person.email)
        if not kept.exists():
            yield "email_subscribe"


def _register(person: Profile, values: dict[str, Any]) -> None:
    """Enter the names that nobody had before, so that filters can ask for them."""
    CustomAttribute.objects.bulk_create(
        [
            CustomAttribute(workspace_id=person.workspace_id, name=name, type=type_of(value))
            for name, value in sorted(values.items())
            if value is not None
        ],
        ignore_conflicts=True,
    )


def merge_people(merged: Profile, kept: Profile, *, by: User) -> None:
    """Merge ``merged`` into ``kept``, on record. Raises ``merging.NotMerged``."""
    with transaction.atomic():
        merging.merge(kept.workspace, merged=merged.pk, kept=kept.pk)
        audit.record(kept.workspace, by, "Merged Users", kept, merged=str(merged))


def delete_person(person: Profile, *, by: User) -> None:
    """Delete ``person`` for good, on record."""
    with transaction.atomic():
        deleting.delete_people(person.workspace, [person.pk])
        audit.record(person.workspace, by, "Deleted User", person)
