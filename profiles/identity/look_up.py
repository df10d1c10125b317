"""Finding the profiles that identifiers name: one statement a kind, whatever their number."""

import json
from typing import Any

from django.db.backends.utils import CursorWrapper

from lib.statements import Statements

statements = Statements.beside(__file__, prepared=True)


def by_external_id(workspace_id: int, external_ids: list[str]) -> dict[str, int]:
    """Return the profile ids of those of ``external_ids`` that a profile has, or had until a
    rename. What one has now comes before what another had.
    """
    if not external_ids:
        return {}
    known = dict(_rows("by_external_id", workspace_id, external_ids=external_ids))
    if None not in known:
        return known
    del known[None]
    missing = [external_id for external_id in external_ids if external_id not in known]
    if missing:
        known |= dict(_rows("by_former_external_id", workspace_id, external_ids=missing))
    return known


def seek_people(workspace_id: int, external_ids: list[str]) -> CursorWrapper:
    """Look up who has one of ``external_ids``. The rows, each of a profile id and then the columns
    of ``telling.IDENTITY``, are to be fetched from the cursor that is returned.
    """
    return _ask("people_by_external_id", workspace_id, external_ids=external_ids)


def by_alias(workspace_id: int, aliases: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the profile ids of those of ``aliases``, pairs of label and name, that are known."""
    if not aliases:
        return {}
    rows = _rows("by_alias", workspace_id, aliases=aliases)
    return {(label, name): profile for label, name, profile in rows}


def by_device(workspace_id: int, device_ids: list[str]) -> tuple[dict[str, int], set[str]]:
    """Return the profile ids of devices of anonymous people, and the devices of identified ones."""
    if not device_ids:
        return {}, set()
    rows = _rows("by_device", workspace_id, device_ids=device_ids)
    anonymous = {device: profile for device, profile, is_anonymous in rows if is_anonymous}
    return anonymous, {device for device, _, is_anonymous in rows if not is_anonymous}


def by_braze_id(workspace_id: int, braze_ids: list[str]) -> dict[str, int]:
    """Return the profile ids of those of ``braze_ids`` that are known."""
    return dict(_rows("by_braze_id", workspace_id, braze_ids=braze_ids)) if braze_ids else {}


def by_email(workspace_id: int, emails: list[str]) -> dict[str, int]:
    """Return the profile ids of those of ``emails`` that a profile has.

    Of several people with one address it is the one written last, and an identified one before any
    other; of those written together, the one with the highest id. ``by_phone`` is the same with
    phone numbers.
    """
    return dict(_rows("by_email", workspace_id, emails=emails)) if emails else {}


def by_phone(workspace_id: int, phones: list[str]) -> dict[str, int]:
    return dict(_rows("by_phone", workspace_id, phones=phones)) if phones else {}


def sharing(workspace_id: int, kind: str, address: str) -> list[tuple[int, bool]]:
    """Return all profiles with ``address``, an e-mail address or a phone number as ``kind`` says:
    the one written last first; of those written together, the one with the highest id. Each comes
    with whether it is identified.
    """
    return statements.rows(f"sharing_{kind}", workspace=workspace_id, address=address)


def by_push_token(workspace_id: int, tokens: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the profile ids of those of ``tokens``, pairs of app and token, that are known."""
    if not tokens:
        return {}
    rows = _rows("by_push_token", workspace_id, tokens=tokens)
    return {(app, token): profile for app, token, profile in rows}


def _rows(statement: str, workspace_id: int, **identifiers: list[Any]) -> list[Any]:
    return _ask(statement, workspace_id, **identifiers).fetchall()


def _ask(statement: str, workspace_id: int, **identifiers: list[Any]) -> CursorWrapper:
    texts = {name: json.dumps(sent) for name, sent in identifiers.items()}
    return statements.ask(statement, workspace=workspace_id, **texts)
