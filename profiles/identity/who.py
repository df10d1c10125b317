"""Which profile a call means: by external id, alias, Braze id, e-mail address, phone number or push
token.

The profiles of a whole call are found by one statement a kind, and those that are missing can be
made.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeGuard

from django.db import connection

from profiles.attributes import InvalidAttribute, is_storable
from profiles.identity import look_up
from profiles.models import IDENTIFIER_BYTES, Alias, Profile
from profiles.standard import clean_standard
from workspaces.models import Workspace

REQUIRED = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
EMPTY = "must be a string that is not empty"
TOO_LONG = f"must have at most {IDENTIFIER_BYTES} bytes"

# What an identifier is


class NotAnIdentifier(ValueError):
    """A value that can name no profile. The message says why, without a subject."""


def is_keepable(text: str) -> bool:
    """Tell whether the database can keep ``text`` as an identifier, or look for it."""
    if text.isascii():  # as nearly all are: the length tells the bytes
        return "\0" not in text and len(text) <= IDENTIFIER_BYTES
    return is_storable(text) and len(text.encode()) <= IDENTIFIER_BYTES


def is_identifier(value: Any) -> TypeGuard[str]:
    """Tell whether ``value`` can name a profile: a text that is not blank and can be kept."""
    return isinstance(value, str) and bool(value.strip()) and is_keepable(value)


def read_identifier(value: Any, empty: str = EMPTY) -> str:
    """Return ``value`` if it can name a profile. Raises ``NotAnIdentifier``, with the message
    ``empty`` unless the text is too long.
    """
    if is_identifier(value):
        return value
    is_text = isinstance(value, str) and bool(value.strip()) and is_storable(value)
    raise NotAnIdentifier(TOO_LONG if is_text else empty)


# Identifiers


class Kind(StrEnum):
    """The kinds of identifiers. Of several in one item the first that it has counts."""

    EXTERNAL_ID = "external_id"
    ALIAS = "user_alias"
    BRAZE_ID = "braze_id"
    EMAIL = "email"
    PHONE = "phone"
    PUSH_TOKEN = "push_token"  # noqa: S105


class Who(NamedTuple):
    """An identifier: a text; of an alias its label and name; of a push token its app and itself."""

    kind: Kind
    value: Any

    @classmethod
    def external_id(cls, text: str) -> "Who":
        return cls(Kind.EXTERNAL_ID, text)

    @classmethod
    def alias(cls, label: str, name: str) -> "Who":
        return cls(Kind.ALIAS, (label, name))

    @classmethod
    def braze_id(cls, text: str) -> "Who":
        return cls(Kind.BRAZE_ID, text.lower())


class SharedAddress(NamedTuple):
    """One of the profiles that share an e-mail address or a phone number (``kind`` says which).

    The words of ``prioritization`` narrow them down in order. Unless exactly one is left then, it
    names none.
    """

    kind: Kind
    address: str
    prioritization: tuple[str, ...] = ()


#: Profiles that share an address, in the one order of ``look_up.sharing``: each with whether it is
#: identified.
type Candidates = list[tuple[int, bool]]
#: How each word of a ``prioritization`` narrows them down.
PRIORITIES: dict[str, Callable[[Candidates], Candidates]] = {
    "identified": lambda people: [person for person in people if person[1]],
    "unidentified": lambda people: [person for person in people if not person[1]],
    "most_recently_updated": lambda people: people[:1],
    "least_recently_updated": lambda people: people[-1:],
}


def read_who(item: Mapping[str, Any]) -> Who:
    """Return which profile ``item`` of a call is about. Raises ``InvalidAttribute``."""
    for kind, read in READERS.items():
        if (sent := item.get(kind)) is not None:
            return Who(kind, read(kind, sent))
    raise InvalidAttribute(REQUIRED)


# Finding and making profiles


def find_one(workspace: Workspace, named: Who | SharedAddress) -> int | None:
    """Return the profile id that ``named`` names, or None."""
    if isinstance(named, Who):
        return find(workspace, [named]).get(named)
    people: Candidates = look_up.sharing(workspace.pk, named.kind, named.address)
    for word in named.prioritization:
        people = PRIORITIES[word](people)
    return people[0][0] if len(people) == 1 else None


def find(workspace: Workspace, wanted: Collection[Who]) -> dict[Who, int]:
    """Return the profile ids of those of ``wanted`` that are known."""
    found: dict[Who, int] = {}
    for kind, ask in LOOK_UPS.items():
        if values := [who.value for who in wanted if who.kind is kind]:
            known = ask(workspace.pk, values)
            found.update((Who(kind, value), profile) for value, profile in known.items())
    return found


def create(workspace: Workspace, missing: Collection[Who]) -> dict[Who, int]:
    """Make the profiles ``missing``, in a transaction; return their ids.

    What another call made in the meantime is not made again.
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
    """Make profiles without an external id, one call at a time: no constraint keeps e-mail
    addresses and phone numbers apart.
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


# From what a call sends to an identifier


def _identifier(kind: Kind, value: Any) -> str:
    try:
        return read_identifier(value)
    except NotAnIdentifier as error:
        raise InvalidAttribute(f"'{kind}' {error}") from None


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
    Kind.EXTERNAL_ID: look_up.by_external_id,
    Kind.ALIAS: look_up.by_alias,
    Kind.BRAZE_ID: look_up.by_braze_id,
    Kind.EMAIL: look_up.by_email,
    Kind.PHONE: look_up.by_phone,
    Kind.PUSH_TOKEN: look_up.by_push_token,
}
#: With what a profile begins that is made for the sake of an identifier.
BLANK: dict[Kind, Callable[[Any], dict[str, str]]] = {
    Kind.ALIAS: lambda _: {},
    Kind.EMAIL: lambda email: {"email": email},
    Kind.PHONE: lambda phone: {"phone": phone},
    Kind.PUSH_TOKEN: lambda _: {},
}
