"""Whom a call means: by external id, alias, Braze id, e-mail address, phone number or push token.

The people of a whole call are found by one statement a kind, and those who are not there yet can
be made.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection

from profiles.attributes import InvalidAttribute, clean_standard, is_storable
from profiles.identity import look_up as identity
from profiles.models import IDENTIFIER_BYTES, Alias, Profile
from workspaces.models import Workspace

REQUIRED = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"


class Kind(StrEnum):
    """The kinds of identifiers. Of several in one item the first that it has counts."""

    EXTERNAL_ID = "external_id"
    ALIAS = "user_alias"
    BRAZE_ID = "braze_id"
    EMAIL = "email"
    PHONE = "phone"
    PUSH_TOKEN = "push_token"  # noqa: S105


class Who(NamedTuple):
    """An identifier: a text, of an alias its label and name, of a push token its app and itself."""

    kind: Kind
    value: Any


def read_who(item: Mapping[str, Any]) -> Who:
    """Return whom ``item`` of a call is about. Raises ``InvalidAttribute``."""
    for kind, read in READERS.items():
        if (sent := item.get(kind)) is not None:
            return Who(kind, read(kind, sent))
    raise InvalidAttribute(REQUIRED)


def find(workspace: Workspace, wanted: Collection[Who]) -> dict[Who, int]:
    """Return the profile ids of those of ``wanted`` who are there."""
    found: dict[Who, int] = {}
    for kind, look_up in LOOK_UPS.items():
        if values := [who.value for who in wanted if who.kind is kind]:
            known = look_up(workspace.pk, values)
            found.update((Who(kind, value), profile) for value, profile in known.items())
    return found


def create(workspace: Workspace, missing: Collection[Who]) -> dict[Who, int]:
    """Make the people ``missing``, in a transaction; return their profile ids.

    Somebody whom another call made in the meantime is not made again.
    """
    named = [who for who in missing if who.kind is Kind.EXTERNAL_ID]
    made = _create_anonymous(workspace, [who for who in missing if who.kind in BLANK])
    if named:
        # In one order, so that two calls wait for each other and never deadlock.
        people = [Profile(workspace=workspace, external_id=who.value) for who in sorted(named)]
        Profile.objects.bulk_create(people, ignore_conflicts=True)
        made |= find(workspace, named)
    return made


def _create_anonymous(workspace: Workspace, missing: list[Who]) -> dict[Who, int]:
    """Make people without an external id, one call at a time: no constraint keeps e-mail addresses
    and phone numbers apart.
    """
    if not missing:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('anonymous'), %s)", [workspace.pk])
    found = find(workspace, missing)
    new = [who for who in missing if who not in found]
    people = [Profile(workspace=workspace, **BLANK[who.kind](who.value)) for who in new]
    Profile.objects.bulk_create(people)
    Alias.objects.bulk_create(
        Alias(workspace=workspace, profile=person, label=who.value[0], name=who.value[1])
        for who, person in zip(new, people, strict=True)
        if who.kind is Kind.ALIAS
    )
    return found | {who: person.pk for who, person in zip(new, people, strict=True)}


def _identifier(kind: Kind, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not is_storable(value):
        raise InvalidAttribute(f"'{kind}' must be a string that is not empty")
    if len(value.encode()) > IDENTIFIER_BYTES:
        raise InvalidAttribute(f"'{kind}' must have at most {IDENTIFIER_BYTES} bytes")
    return value


def _alias(kind: Kind, value: Any) -> tuple[str, str]:
    if not isinstance(value, dict):
        raise InvalidAttribute(
            "'user_alias' must be an object with an 'alias_name' and an 'alias_label'"
        )
    label, name = (_identifier(kind, value.get(key)) for key in ("alias_label", "alias_name"))
    return label, name


def _contact(kind: Kind, value: Any) -> str:
    _column, cleaned = clean_standard(kind, value)
    if not cleaned:
        raise InvalidAttribute(REQUIRED)
    return str(cleaned)


READERS: dict[Kind, Callable[[Kind, Any], Any]] = {
    Kind.EXTERNAL_ID: _identifier,
    Kind.ALIAS: _alias,
    Kind.BRAZE_ID: lambda kind, value: _identifier(kind, value).lower(),
    Kind.EMAIL: _contact,
    Kind.PHONE: _contact,
}
LOOK_UPS: dict[Kind, Callable[[int, Any], Mapping[Any, int]]] = {
    Kind.EXTERNAL_ID: identity.by_external_id,
    Kind.ALIAS: identity.by_alias,
    Kind.BRAZE_ID: identity.by_braze_id,
    Kind.EMAIL: identity.by_email,
    Kind.PHONE: identity.by_phone,
    Kind.PUSH_TOKEN: identity.by_push_token,
}
#: With what a person begins who is made for the sake of an identifier.
BLANK: dict[Kind, Callable[[Any], dict[str, str]]] = {
    Kind.ALIAS: lambda _: {},
    Kind.EMAIL: lambda email: {"email": email},
    Kind.PHONE: lambda phone: {"phone": phone},
    Kind.PUSH_TOKEN: lambda _: {},
}
