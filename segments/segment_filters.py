"""The filters that this room brings: importing them enters them, in the order of the menu."""

from segments.filters import attributes, events, identifiers, subscriptions  # noqa: F401
from segments.filters.base import register
from segments.lists import filter as list_filter  # noqa: F401
from segments.trees.membership import SegmentMembership

# Entered here and not where it is written: other modules need the class earlier, and it comes last.
register(SegmentMembership)
