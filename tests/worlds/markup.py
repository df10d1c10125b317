"""Markup of a page as a test compares it: how the template is laid out does not matter."""

import re


def squeezed(markup: str) -> str:
    """Return ``markup`` with single spaces, and with none after or before a tag."""
    return re.sub(r"(?<=>) | (?=<)", "", " ".join(markup.split()))
