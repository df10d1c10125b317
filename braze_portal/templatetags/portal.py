"""What the templates of every room draw with: icons, times, form controls, the page's heading."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from django import forms, template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.paginator import Paginator
from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from lib import wording

register = template.Library()
register.filter("in_words", wording.in_words)


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Return the outline icon ``name`` of Tabler as inline SVG, hidden from screen readers."""
    drawing = (settings.ICONS_DIR / f"{name}.svg").read_text()
    shapes = "".join(line.strip() for line in drawing.partition(">")[2].splitlines())
    return mark_safe(  # noqa: S308  a file of the icon package, not anybody's input
        '<svg class="icon" aria-hidden="true" focusable="false" width="24" height="24"'
        ' viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        f' stroke-linecap="round" stroke-linejoin="round">{shapes}'
    )


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Return how long ago ``moment`` was, with the full local time on hover; "never" for None."""
    if moment is None:
        return _("never")
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_FORMAT"),
        local.tzname(),
        naturaltime(moment),
    )


@register.filter
def control(field: forms.BoundField) -> SafeString:
    """Draw the widget of ``field`` with the classes that Tabler wants on it."""
    return field.as_widget(attrs={"class": _classes(field)})


@register.filter
def labelled_control(field: forms.BoundField) -> SafeString:
    """Draw the widget of ``field`` where no visible label stands beside it.

    What is wrong with the value is said by another element alone, with the id of the field and
    "_error": it changes while one types, and the widget stays.
    """
    attrs: dict[str, Any] = {
        "id": field.auto_id,
        "class": _look(field),
        "aria-label": field.label,
        "aria-describedby": f"{field.auto_id}_helptext {field.auto_id}_error",
    }
    widget = field.field.widget
    return widget.render(field.html_name, field.value(), attrs, renderer=field.form.renderer)


@register.filter
def choices(field: forms.BoundField) -> list[forms.boundfield.BoundWidget]:
    """Return the radio buttons or checkboxes of ``field``, each drawn by its ``tag``."""
    field.field.widget.attrs["class"] = _classes(field)
    return list(field.subwidgets)


@register.filter
def kind(field: forms.BoundField) -> str:
    """Tell how ``field`` is laid out: "choices", "check", "hidden" or "line"."""
    widget = field.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "hidden" if field.is_hidden else "line"


@register.filter
def pages(paginator: Paginator, number: int) -> Iterator[int | str]:
    """Return the page numbers to offer around ``number``, gaps as an ellipsis."""
    return paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)


def spaced(name: str) -> str:
    """Return the key of a stored value as words: "expires_at" as "expires at"."""
    return name.replace("_", " ")


@register.filter
def plain(value: Any) -> str:
    """Return a stored JSON value as words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(plain(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{spaced(key)}: {plain(part)}" for key, part in value.items())
    return "–" if value in (None, "") else str(value)


def _classes(field: forms.BoundField) -> str:
    return f"{_look(field)} is-invalid" if field.errors else _look(field)


def _look(field: forms.BoundField) -> str:
    widget = field.field.widget
    if kind(field) in {"check", "choices"}:
        base = "form-check-input"
    else:
        base = "form-select" if isinstance(widget, forms.Select) else "form-control"
    own = str(widget.attrs.get("class", ""))
    return " ".join(dict.fromkeys([*own.split(), base]))


class CaptureNode(Node):
    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: Context) -> SafeString:
        context[self.name] = SafeString(self.nodelist.render(context).strip())
        return SafeString("")


@register.tag
def capture(parser: Parser, token: Token) -> Any:
    """``{% capture name %}…{% endcapture %}``: keep what is inside as the variable ``name``.

    A block may appear only once in a template; kept in a variable it can be shown twice.
    """
    name = token.split_contents()[1]
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(nodelist, name)
