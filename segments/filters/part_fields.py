"""Form fields for values of several parts: how often, in how many days, with which property; a day
of the year."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import MONTHS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from segments.filters.base import Choices, Label, Value
from segments.filters.fields import OneField, plain

#: Braze's limits: so many times, in so many days.
MOST_TIMES = 50
MOST_DAYS = 30

COMPARISONS: Choices = (
    ("equals", _("equals")),
    ("not_equals", _("does not equal")),
    ("more", _("more than")),
    ("less", _("less than")),
    ("contains", _("contains")),
)

LEAP_YEAR = 2000

type Part = tuple[Label, forms.Field]


class PartsInput(forms.Widget):
    """Inputs side by side, all of one name, each under its caption."""

    template_name = "segments/parts/parts_input.html"

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self.parts = parts

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        values = list(value or []) + [""] * len(self.parts)
        inputs = [
            field.widget.get_context(name, entered, self._attrs(attrs, caption, place))
            for place, ((caption, field), entered) in enumerate(
                zip(self.parts, values, strict=False)
            )
        ]
        captions = [caption for caption, _field in self.parts]
        return super().get_context(name, None, attrs) | {
            "parts": [
                {"caption": caption, "widget": context["widget"]}
                for caption, context in zip(captions, inputs, strict=True)
            ]
        }

    def _attrs(self, attrs: dict[str, Any], caption: Label, place: int) -> dict[str, Any]:
        kind = "form-select" if isinstance(self.parts[place][1], forms.ChoiceField) else None
        return attrs | {
            "id": f"{attrs['id']}_{place}" if place else attrs["id"],
            "class": kind or "form-control",
            "aria-label": captioned(caption, attrs.get("aria-label", "")),
        }

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name)


def captioned(caption: Label, text: object) -> str:
    """Return ``text`` after its caption, with the colon as the reader's language sets it."""
    return gettext("%(caption)s: %(text)s") % {"caption": caption, "text": text}


class PartsField(forms.Field):
    """Several fields in a row, cleaned to a tuple; what is wrong is said with the caption."""

    def __init__(self, *parts: Part) -> None:
        for _caption, field in parts:
            field.widget.attrs |= field.widget_attrs(field.widget)
        super().__init__(widget=PartsInput(parts))
        self.parts = parts

    def clean(self, value: Any) -> Value:
        entered = list(value or []) + [""] * len(self.parts)
        cleaned, wrong = [], []
        for (caption, field), text in zip(self.parts, entered, strict=False):
            try:
                cleaned.append(plain(field.clean(text)))
            except ValidationError as error:
                wrong += [captioned(caption, message) for message in error.messages]
        if wrong:
            raise ValidationError(wrong)
        return tuple(cleaned)


class PropertyField(PartsField):
    """A property of an event and how it compares, before other parts."""

    def __init__(self, *parts: Part) -> None:
        super().__init__(
            (_("Property"), forms.CharField(max_length=255)),
            (_("Comparison"), forms.ChoiceField(choices=COMPARISONS)),
            (_("Value"), forms.CharField(max_length=255, strip=False)),
            *parts,
        )

    def clean(self, value: Any) -> Value:
        cleaned = super().clean(value)
        if cleaned[1] in ("more", "less"):
            as_number(cleaned[2])
        return cleaned


def as_number(text: str) -> Any:
    """Return the number that ``text`` writes, as JSON keeps it, or raise ``ValidationError``."""
    return plain(forms.DecimalField(max_digits=30, decimal_places=10).clean(text))


class DayOfYearField(PartsField):
    """A day and a month, of which some year has such a day."""

    def __init__(self) -> None:
        super().__init__(
            (_("Day"), forms.IntegerField(min_value=1, max_value=31)),
            (_("Month"), forms.TypedChoiceField(choices=list(MONTHS.items()), coerce=int)),
        )

    def clean(self, value: Any) -> Value:
        day, month = super().clean(value)
        try:
            date(LEAP_YEAR, month, day)
        except ValueError as error:
            raise ValidationError(_("This day does not exist.")) from error
        return (day, month)


def _times() -> Part:
    return _("Times"), forms.IntegerField(min_value=0, max_value=MOST_TIMES)


def _days() -> Part:
    return _("Calendar days"), forms.IntegerField(min_value=1, max_value=MOST_DAYS)


def _money() -> forms.Field:
    return forms.DecimalField(max_digits=20, decimal_places=4)


def count(choices: Choices) -> forms.Field:
    """How often, ever."""
    return OneField(forms.IntegerField(min_value=0, max_value=2**53))


def money(choices: Choices) -> forms.Field:
    """An amount in US dollars."""
    return OneField(_money())


def count_in_days(choices: Choices) -> forms.Field:
    """How often, and in how many calendar days."""
    return PartsField(_times(), _days())


def money_in_days(choices: Choices) -> forms.Field:
    """An amount in US dollars, and in how many calendar days."""
    return PartsField((_("Amount"), _money()), _days())


def property_count_in_days(choices: Choices) -> forms.Field:
    """With which property, how often, and in how many calendar days."""
    return PropertyField(_times(), _days())


def day_of_year(choices: Choices) -> forms.Field:
    return DayOfYearField()


def days_ahead(choices: Choices) -> forms.Field:
    """A number of whole days up to a year; 0 is today alone."""
    return OneField(forms.IntegerField(min_value=0, max_value=365))
