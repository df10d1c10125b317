"""Calls of partners that are refused again and again: from then on they cost next to nothing.

Counted by address. A partner calls for many workspaces from one address: keys that were good of
late stay good, however many others are refused beside them.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any

from lib.tries import Tries
from rest.rate_limits import RateLimited

REFUSALS_A_MINUTE = 120
#: Of how many pairs of keys is it known that they were good.
KNOWN = 1000

_tries = Tries(REFUSALS_A_MINUTE)
_known: OrderedDict[tuple[int, str | None], None] = OrderedDict()
_lock = Lock()


class TooManyRefusals(RateLimited):
    """A call that is not looked at, for those before it from its address were refused."""

    default_detail = "Rate Limited: too many calls from your IP address were refused"


def insist_on_address(address: str | None) -> None:
    """Raise ``TooManyRefusals`` where ``address`` has had its refusals and no good key is known.

    Asked before the body is read.
    """
    if _tries.are_used_up(address) and all(known != address for _, known in list(_known)):
        raise TooManyRefusals(_tries.wait)


def insist(body: dict[str, Any], address: str | None) -> None:
    """Raise ``TooManyRefusals`` where ``address`` has had its refusals, but for known keys."""
    if _tries.are_used_up(address) and _pair(body, address) not in _known:
        raise TooManyRefusals(_tries.wait)


def note_refused(address: str | None) -> None:
    """Count a call that was refused for its keys or its shape."""
    _tries.count(address)


def note_good(body: dict[str, Any], address: str | None) -> None:
    """Remember that a call's keys were good."""
    pair = _pair(body, address)
    with _lock:
        _known[pair] = None
        _known.move_to_end(pair)
        if len(_known) > KNOWN:
            _known.popitem(last=False)


def forget() -> None:
    """Know of no refusals and no keys."""
    _tries.forget()
    with _lock:
        _known.clear()


def _pair(body: dict[str, Any], address: str | None) -> tuple[int, str | None]:
    # Python's own hash is drawn anew in each process, and nothing is let in by it.
    return hash((str(body.get("partner_api_key")), str(body.get("client_secret")))), address
