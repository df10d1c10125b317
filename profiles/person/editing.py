"""Changing what is known of a person by hand, and merging two who are one; all on record."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from profiles import streaming
from profiles.attributes import type_of
from profiles.identity import deleting, merging
from profiles.models import AddressState, CustomAttribute, Profile, SubscriptionGroup
from profiles.subscriptions.states import set_group_state
from workspaces import audit
from workspaces.models import User

#: The subscriptions whose time is kept beside them.
TIMED = {"email_subscribe": "email_subscribe_at", "push_subscribe": "push_subscribe_at"}


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
    already. Return the names of what changed.
    """
    held = Profile.objects.select_for_update(no_key=True).get(pk=person.pk)
    changed = [name for name, value in standard.items() if getattr(held, name) != value]
    for name in changed:
        setattr(held, name, standard[name])
        if name in TIMED:
            setattr(held, TIMED[name], timezone.now())
    if "email" in changed and "email_subscribe" in standard and not _has_state(held):
        # The rule of ``subscription_since``. A state that is kept for the address is taken by a
        # trigger, with its time.
        held.email_subscribe_at = timezone.now()
    new = {name: value for name, value in custom.items() if held.custom.get(name) != value}
    held.custom = {n: v for n, v in (held.custom | new).items() if v is not None}
    if changed or new:
        held.save()
        _register(held, new)
        news = streaming.News(columns={held.pk: {name: standard[name] for name in changed}})
        streaming.tell(held.workspace, news, source=streaming.DASHBOARD)
    whom = Profile.objects.filter(pk=held.pk)
    moved = [
        group.name
        for group, subscribed in groups.items()
        if set_group_state(group, whom, subscribed=subscribed, source=streaming.DASHBOARD)
    ]
    names = sorted([*changed, *new, *moved])
    if names:
        audit.record(held.workspace, by, "Edited User", held, attributes=names)
    return names


def _has_state(person: Profile) -> bool:
    """Tell whether something was said of the address of ``person`` while nobody had it."""
    states = AddressState.objects.filter(workspace_id=person.workspace_id, email=person.email)
    return states.exists()


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
