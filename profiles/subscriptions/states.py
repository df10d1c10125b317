"""Changing what people are subscribed to: e-mail as a whole, and subscription groups."""

from collections.abc import Collection
from contextlib import suppress

from django.db import transaction
from django.db.models import Q

from lib.statements import Statements
from profiles import since_when, telling
from profiles.attributes import InvalidAttribute
from profiles.identity import look_up
from profiles.models import GroupChannel, Profile, ProfileQuerySet, Subscription, SubscriptionGroup
from profiles.standard import clean_standard
from workspaces.models import Workspace

statements = Statements.beside(__file__)


def named(
    workspace: Workspace,
    *,
    external_ids: Collection[str] = (),
    emails: Collection[str] = (),
    phones: Collection[str] = (),
) -> ProfileQuerySet:
    """Return the people who have one of the external ids, or share an address or a number."""
    known = look_up.by_external_id(workspace.pk, list(external_ids))
    whom = Q(pk__in=known.values())
    if emails:
        whom |= Q(email__in=[email.lower() for email in emails]) & ~Q(email="")
    if phones:
        whom |= Q(phone__in=phones) & ~Q(phone="")
    return Profile.objects.in_workspace(workspace).filter(whom).order_by("pk")


@transaction.atomic
def set_group_state(
    group: SubscriptionGroup,
    people: ProfileQuerySet,
    *,
    subscribed: bool,
    source: telling.Source = telling.Source.REST_API,
) -> int:
    """Subscribe ``people`` to ``group``, or unsubscribe them; return for how many that is new.

    Listeners are told also of what was so before, as Braze tells it.
    """
    ids = list(people.select_for_update(no_key=True).values_list("pk", flat=True))
    changed = statements.count(
        "set_group_state",
        group=str(group.pk),
        workspace=group.workspace_id,
        people=ids,
        subscribed=subscribed,
    )
    news = telling.News(groups={(group.pk, pk): subscribed for pk in ids})
    telling.tell(group.workspace, news, source=source)
    return changed


@transaction.atomic
def set_address_states(workspace: Workspace, emails: Collection[str], state: Subscription) -> None:
    """Give everybody who has one of ``emails`` the e-mail subscription ``state``. For an address
    that nobody has it is kept: by a trigger, whoever gets the address has the state too.
    """
    addresses = list(_addresses(emails))
    statements.count("keep_address_states", workspace=workspace.pk, emails=addresses, state=state)
    set_email_state(workspace, named(workspace, emails=emails), state)


def _addresses(texts: Collection[str]) -> set[str]:
    """Return those of ``texts`` that can be an address, as it is kept."""
    found = set()
    for text in texts:
        with suppress(InvalidAttribute):
            found.add(str(clean_standard("email", text)[1]))
    return found


@transaction.atomic
def set_email_state(workspace: Workspace, people: ProfileQuerySet, state: Subscription) -> int:
    """Give ``people`` of ``workspace`` the e-mail subscription ``state``; return for how many that
    is new. Listeners are told also of what was so before, as Braze tells it.
    """
    held = people.select_for_update(no_key=True).values_list("pk", flat=True)
    ids = list(held)
    outdated = Profile.objects.filter(pk__in=ids).exclude(email_subscribe=state)
    since = since_when.begun("email_subscribe", state)
    changed = outdated.update(email_subscribe=state, **since)
    news = telling.News(columns={pk: {"email_subscribe": state} for pk in ids})
    telling.tell(workspace, news, source=telling.Source.REST_API)
    return changed


def takes_emails(group: SubscriptionGroup) -> bool:
    """Tell whether ``group`` is joined by e-mail addresses; otherwise by phone numbers."""
    return group.channel == GroupChannel.EMAIL
