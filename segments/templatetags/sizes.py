"""How templates show sizes: an estimate never without its mark."""

from math import ceil

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from segments.audiences.estimates import Size

register = template.Library()

SCALES = ((1_000_000, "M"), (1_000, "k"))


@register.filter
def size(value: Size | int | None) -> str:
    """Return an exact size in full, an estimate as “≈ 1.24M ± 0.01M”, an unknown one as “–”."""
    if value is None:
        return "–"
    if isinstance(value, int) or value.exact:
        return intcomma(value if isinstance(value, int) else value.count)
    return f"≈ {_short(value.count)} ± {_short(value.margin, like=value.count)}"


@register.filter
def share(part: Size | None, whole: Size | None) -> str:
    """Return ``part`` in percent of ``whole``, “–” where that cannot be told."""
    if part is None or whole is None or not whole.count:
        return "–"
    percent = round(min(100.0, 100 * part.count / whole.count), 1)
    return _("%(number)s%%") % {"number": number_format(percent, 1)}


@register.filter
def users(value: Size) -> str:
    """Return ``value`` with its noun: “1 user”, “1,234 users”."""
    return ngettext("%(size)s user", "%(size)s users", value.count) % {"size": size(value)}


@register.filter
def after_it(left: Size, whole: Size | None) -> str:
    """Say how many are left after a filter or a group, and which share of ``whole``."""
    return _("%(size)s after it (%(share)s)") % {"size": size(left), "share": share(left, whole)}


@register.filter
def remaining(left: Size, whole: Size | None) -> str:
    """Say how many remain after an exclusion group, and which share of ``whole``."""
    return _("%(size)s remain (%(share)s)") % {"size": size(left), "share": share(left, whole)}


def _short(number: int, like: int | None = None) -> str:
    """Write ``number`` in millions or thousands, whichever fits; a margin up, as fits ``like``."""
    for scale, letter in SCALES:
        if (number if like is None else like) >= scale:
            hundredths = number * 100 / scale
            whole = round(hundredths) if like is None else ceil(hundredths)
            return f"{number_format(whole / 100, 2)}{letter}"
    return intcomma(number)
