"""The one judge of a filter, wherever it comes from: the form, a text of JSON, a stored tree.

Everything has a limit, so that no caller can make the portal read without end. What is wrong is
said by ``InvalidTree``, with a sentence.
"""

import json
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from segments.filters.base import UNLISTED, Filter, InvalidTree, find
from segments.filters.catalogue import Catalogue
from segments.filters.in_words import shown
from segments.filters.limits import LARGEST_NUMBER, MOST_BYTES, MOST_VALUES

LEAF_KEYS = ("filter", "operator", "value")


def checked_leaf(leaf: Any, catalogue: Catalogue | None = None) -> Filter:
    """Return the filter that ``leaf`` says, as ``Filter.dump`` writes one.

    With a ``catalogue`` its workspace must have what the filter asks about and names. Raises
    ``InvalidTree``.
    """
    check_keys(leaf, LEAF_KEYS, needed=LEAF_KEYS)
    for key in ("filter", "operator"):
        if not isinstance(leaf[key], str):
            raise InvalidTree(_("“%(key)s” is a text.") % {"key": key})
        _check_text(leaf[key])
    filter_class, subject = find(leaf["filter"])
    if leaf["operator"] not in filter_class.operators:
        words = {"operator": shown(leaf["operator"])}
        raise InvalidTree(_("it has no operator “%(operator)s”.") % words)
    _check_values(listed(leaf, "value"))
    _refuse_too_large(leaf)
    item = filter_class(subject, leaf["operator"], tuple(leaf["value"]))
    if catalogue is not None:
        _refuse_unknown(item, catalogue)
    return item


def revive(leaf: dict[str, Any]) -> Filter:
    """Return the filter that ``Filter.dump`` gave for a job, an unlisted one too.

    Raises ``InvalidTree`` if it exists no more.
    """
    if leaf["filter"] in UNLISTED:
        return UNLISTED[leaf["filter"]]("", leaf["operator"], tuple(leaf["value"]))
    return checked_leaf(leaf)


def check_keys(node: Any, allowed: tuple[str, ...], needed: tuple[str, ...] = ()) -> None:
    """Refuse what is not an object, has other keys than ``allowed``, or lacks ``needed`` ones."""
    if not isinstance(node, dict):
        words = {"keys": _quoted(allowed)}
        raise InvalidTree(_("An object with the keys %(keys)s is expected here.") % words)
    for key in node:
        if key not in allowed:
            words = {"key": shown(key), "keys": _quoted(allowed)}
            raise InvalidTree(_("“%(key)s” is not one of the keys %(keys)s.") % words)
    for key in needed:
        if key not in node:
            raise InvalidTree(_("The key “%(key)s” is missing.") % {"key": key})


def listed(node: dict[str, Any], key: str) -> list[Any]:
    """Return the list ``key`` of an object; an empty one where it is not there."""
    found = node.get(key, [])
    if not isinstance(found, list):
        raise InvalidTree(_("“%(key)s” is a list.") % {"key": key})
    return found


def _quoted(keys: tuple[str, ...]) -> str:
    return ", ".join(_("“%(name)s”") % {"name": key} for key in keys)


def _check_values(values: list[Any]) -> None:
    if len(values) > MOST_VALUES:
        raise InvalidTree(_("it has more than %(most)s values.") % {"most": MOST_VALUES})
    for value in values:
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, int | float):
            if abs(value) > LARGEST_NUMBER or not isfinite(value):
                raise InvalidTree(_("a number is too large."))
        elif value is not None:
            raise InvalidTree(_("its values are texts and numbers, not lists or objects."))


def _check_text(text: str) -> None:
    """Refuse what PostgreSQL cannot keep: null characters, and halves of characters."""
    try:
        storable = b"\0" not in text.encode()
    except UnicodeEncodeError:
        storable = False
    if not storable:
        raise InvalidTree(_("a text has a character that cannot be stored."))


def _refuse_too_large(leaf: dict[str, Any]) -> None:
    """Refuse a filter that takes more bytes as JSON than one may."""
    size = len(json.dumps(leaf, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_BYTES:
        raise InvalidTree(
            _("it takes %(size)s bytes, more than the %(most)s that one filter may take.")
            % {"size": size, "most": MOST_BYTES}
        )


def _refuse_unknown(item: Filter, catalogue: Catalogue) -> None:
    """Refuse what the workspace does not have: what is asked about, or one of what is picked."""
    catalogue.label(item)
    if item.key not in catalogue:
        raise InvalidTree(_("it asks about something that this workspace does not have."))
    known = dict(catalogue.choices(item)) if item.picked else {}
    if any(pk not in known for pk in item.picked):
        raise InvalidTree(
            _("it refers to something that does not exist: %(what)s.") % {"what": item.gone}
        )
