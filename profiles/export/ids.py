"""The profiles that a call of ``/users/export/ids`` asks for."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lib.statements import Statements
from profiles.identity import look_up
from workspaces.models import Workspace

statements = Statements.beside(__file__)
#: What names one person, or all who share an e-mail address or a phone number.
SINGLES = ("device_id", "braze_id", "email_address", "phone")


@dataclass(frozen=True)
class Named:
    """The identifiers of a call: ``aliases`` as pairs of label and name, ``singles`` by kind."""

    external_ids: list[str] = field(default_factory=list)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    singles: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.external_ids or self.aliases or self.singles)


def find(workspace: Workspace, named: Named) -> tuple[list[int], list[str]]:
    """Return the profile ids of all that ``named`` names, and the identifiers that name none.

    Three statements at most. The people come in the order in which they were named, each once; of
    an alias that nobody has, its name is given.
    """
    by_external_id = look_up.by_external_id(workspace.pk, named.external_ids)
    by_alias = look_up.by_alias(workspace.pk, named.aliases)
    by_single = _by_one(workspace, named.singles)
    ids = [
        *_known(by_external_id.get(one) for one in named.external_ids),
        *_known(by_alias.get(pair) for pair in named.aliases),
        *(pk for kind in named.singles for pk in by_single[kind]),
    ]
    nobody = [
        *(one for one in named.external_ids if one not in by_external_id),
        *(name for label, name in named.aliases if (label, name) not in by_alias),
        *(value for kind, value in named.singles.items() if not by_single[kind]),
    ]
    return list(dict.fromkeys(ids)), list(dict.fromkeys(nobody))


def _known(ids: Iterable[int | None]) -> Iterable[int]:
    return (pk for pk in ids if pk is not None)


def _by_one(workspace: Workspace, singles: dict[str, str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {kind: [] for kind in singles}
    if singles:
        values = dict.fromkeys(SINGLES) | singles | {"workspace": workspace.pk}
        for kind, pk in statements.rows("by_one", **values):
            found[kind].append(pk)
    return found
