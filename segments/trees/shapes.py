"""What a tree of filters must look like, whoever sends it, before anything in it is looked up.

All of it is bounded, so that nobody can have the portal read without an end. Raises
``InvalidTree`` with a sentence.
"""

import json
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from segments.filters.base import FILTERS, Filter, InvalidTree

#: More than anyone reads; it bounds the work that one request can ask for.
MOST_FILTERS = 100
MOST_GROUPS = 100
#: Braze's limits on one filter: 256 values, 10,000 bytes as JSON.
MOST_VALUES = 256
MOST_BYTES = 10_000
#: The longest text that a tree of filters of the largest size can be, indented.
LONGEST_JSON = 2 * MOST_FILTERS * MOST_BYTES
#: No attribute or count is larger; beyond, PostgreSQL and JavaScript stop agreeing on numbers.
LARGEST_NUMBER = 10**30

TREE_KEYS = ("join", "groups", "exclusions")
GROUP_KEYS = ("join", "filters")
LEAF_KEYS = ("filter", "operator", "value")
JOINS = ("all", "any")


def parse(text: str) -> Any:
    """Read a tree as JSON: no repeated keys, no numbers that JSON does not have."""
    if len(text) > LONGEST_JSON:
        raise InvalidTree(_("This text is too long for a tree of filters."))
    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_number)
    except InvalidTree:
        raise
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno, "problem": error.msg}
        raise InvalidTree(
            _("This is not JSON: %(problem)s, in line %(line)s at character %(column)s.") % place
        ) from error
    except (ValueError, RecursionError) as error:  # a number without an end, nested without an end
        raise InvalidTree(_("This is not valid JSON.")) from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidTree(_("A key appears twice in one object."))
    return found


def _no_number(name: str) -> Any:
    raise InvalidTree(_("%(name)s is not a number in JSON.") % {"name": name})


def check_tree(stored: Any) -> None:
    """Refuse what is not a tree of groups of filters, or has too many of them."""
    check_keys(stored, TREE_KEYS)
    groups = [*_listed(stored, "groups"), *_listed(stored, "exclusions")]
    if len(groups) > MOST_GROUPS:
        raise InvalidTree(too_many_groups(len(groups)))
    for group in groups:
        check_keys(group, GROUP_KEYS, needed=("filters",))
    refuse_too_many(sum(len(_listed(group, "filters")) for group in groups))


def too_many_groups(count: int) -> str:
    """Say that ``count`` groups are more than there may be."""
    words = {"most": MOST_GROUPS, "count": count}
    return _("There are at most %(most)s groups; these are %(count)s.") % words


def refuse_too_many(filters: int) -> None:
    if filters > MOST_FILTERS:
        raise InvalidTree(
            _("There are at most %(most)s filters; these are %(count)s.")
            % {"most": MOST_FILTERS, "count": filters}
        )


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


def _quoted(keys: tuple[str, ...]) -> str:
    return ", ".join(_("“%(name)s”") % {"name": key} for key in keys)


def _listed(node: dict[str, Any], key: str) -> list[Any]:
    found = node.get(key, [])
    if not isinstance(found, list):
        raise InvalidTree(_("“%(key)s” is a list.") % {"key": key})
    return found


def check_join(node: dict[str, Any]) -> str:
    """Return how the parts of ``node`` are joined."""
    join = node.get("join", "all")
    if not isinstance(join, str) or join not in JOINS:
        raise InvalidTree(
            _("Filters are joined by “all” or “any”, not by “%(join)s”.") % {"join": shown(join)}
        )
    return join


def check_leaf(leaf: Any) -> None:
    """Refuse a filter of another shape, one that does not exist, and one that is too large."""
    check_keys(leaf, LEAF_KEYS, needed=LEAF_KEYS)
    for key in ("filter", "operator"):
        if not isinstance(leaf[key], str):
            raise InvalidTree(_("“%(key)s” is a text.") % {"key": key})
        check_text(leaf[key])
    kind, _colon, _subject = leaf["filter"].partition(":")
    if kind not in FILTERS:
        raise InvalidTree(_("there is no such filter."))
    check_operator(FILTERS[kind], leaf["operator"])
    check_values(_listed(leaf, "value"))
    refuse_too_large(leaf)


def check_operator(filter_class: type[Filter], operator: str) -> None:
    """Refuse an operator that filters of this class do not have."""
    if operator not in filter_class.operators:
        raise InvalidTree(_("it has no operator “%(operator)s”.") % {"operator": shown(operator)})


def check_values(values: list[Any]) -> None:
    if len(values) > MOST_VALUES:
        raise InvalidTree(_("it has more than %(most)s values.") % {"most": MOST_VALUES})
    for value in values:
        if isinstance(value, str):
            check_text(value)
        elif isinstance(value, int | float):
            if abs(value) > LARGEST_NUMBER or not isfinite(value):
                raise InvalidTree(_("a number is too large."))
        elif value is not None:
            raise InvalidTree(_("its values are texts and numbers, not lists or objects."))


def check_text(text: str) -> None:
    """Refuse what PostgreSQL cannot keep: null characters, and halves of characters."""
    try:
        storable = b"\0" not in text.encode()
    except UnicodeEncodeError:
        storable = False
    if not storable:
        raise InvalidTree(_("a text has a character that cannot be stored."))


def refuse_too_large(leaf: dict[str, Any]) -> None:
    """Refuse a filter that takes more bytes as JSON than one may."""
    size = len(json.dumps(leaf, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_BYTES:
        raise InvalidTree(
            _("it takes %(size)s bytes, more than the %(most)s that one filter may take.")
            % {"size": size, "most": MOST_BYTES}
        )


def shown(value: Any) -> str:
    """Return the beginning of what somebody sent, fit to stand in a sentence."""
    text = value if isinstance(value, str) else type(value).__name__
    text = text if len(text) <= 60 else f"{text[:60]}…"
    return text.encode(errors="replace").decode().replace("\0", "?")
