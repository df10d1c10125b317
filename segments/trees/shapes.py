"""What a tree must look like around its filters, wherever it comes from.

Everything has a limit, so that no caller can make the portal read without end. What is wrong is
said by ``InvalidTree``, with a sentence. ``filters.judging`` judges the filters.
"""

import json
from typing import Any

from django.utils.translation import gettext as _

from segments.filters.base import InvalidTree
from segments.filters.in_words import shown
from segments.filters.judging import check_keys, listed
from segments.filters.limits import MOST_BYTES

#: More than anyone reads; it bounds the work that one request can ask for.
MOST_FILTERS = 100
MOST_GROUPS = 100
#: The longest text that a tree of filters of the largest size can be, indented.
LONGEST_JSON = 2 * MOST_FILTERS * MOST_BYTES

TREE_KEYS = ("join", "groups", "exclusions")
GROUP_KEYS = ("join", "filters")
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
    groups = [*listed(stored, "groups"), *listed(stored, "exclusions")]
    if len(groups) > MOST_GROUPS:
        raise InvalidTree(too_many_groups(len(groups)))
    for group in groups:
        check_keys(group, GROUP_KEYS, needed=("filters",))
    refuse_too_many(sum(len(listed(group, "filters")) for group in groups))


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


def check_join(node: dict[str, Any]) -> str:
    """Return how the parts of ``node`` are joined."""
    join = node.get("join", "all")
    if not isinstance(join, str) or join not in JOINS:
        raise InvalidTree(
            _("Filters are joined by “all” or “any”, not by “%(join)s”.") % {"join": shown(join)}
        )
    return join
