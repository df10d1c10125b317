"""Form fields for the values of filters. Each cleans what was posted to a tuple.

What they are posted is always a list of strings, the values of all inputs of that name, so a field
with two inputs and one with none look alike to the builder.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from lib.calendar import validate_day
from segments.filters.base import Choices, Value
from segments.filters.limits import MOST_BYTES, MOST_VALUES

#: Braze's limit on a regular expression, in characters.
LONGEST_REGEX = 32_764
#: How long PostgreSQL may take to read a regular expression: hardly any takes a tenth of it.
REGEX_TIME_MS = "200"


class OneField(forms.Field):
    """One input, cleaned by ``inner`` to a tuple of one."""

    def __init__(self, inner: forms.Field) -> None:
        super().__init__(widget=inner.widget, required=inner.required)
        self.inner = inner

    def clean(self, value: Any) -> Value:
        cleaned = self.inner.clean(value)
        return (cleaned.isoformat() if isinstance(cleaned, date) else plain(cleaned),)


def plain(number: Any) -> Any:
    """Turn a Decimal into the int or float that JSON keeps; leave all else as it is."""
    if not isinstance(number, Decimal):
        return number
    return int(number) if number == number.to_integral_value() else float(number)


def nothing(choices: Choices) -> forms.Field:
    """No value: the operator says it all."""
    return NothingField()


class NothingField(forms.Field):
    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> Value:
        return ()


def text(choices: Choices) -> forms.Field:
    """One text, spaces significant."""
    return OneField(forms.CharField(max_length=255, strip=False))


def number(choices: Choices) -> forms.Field:
    field = forms.DecimalField(
        max_digits=30, decimal_places=10, widget=forms.NumberInput(attrs={"step": "any"})
    )
    return OneField(field)


def days(choices: Choices) -> forms.Field:
    """A number of days of 24 hours; decimals allowed."""
    field = forms.DecimalField(
        min_value=0, max_value=36_500, widget=forms.NumberInput(attrs={"step": "any"})
    )
    return OneField(field)


def day(choices: Choices) -> forms.Field:
    return OneField(
        forms.DateField(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            validators=[validate_day],
        )
    )


def regex(choices: Choices) -> forms.Field:
    return OneField(
        forms.CharField(max_length=LONGEST_REGEX, strip=False, validators=[validate_regex])
    )


def validate_regex(pattern: str) -> None:
    """Refuse what PostgreSQL cannot read as a regular expression, or not in ``REGEX_TIME_MS``.

    What is larger than a filter may be is not read: it is refused as a filter.
    """
    if len(pattern.encode(errors="replace")) > MOST_BYTES:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [REGEX_TIME_MS])
            cursor.execute("select '' ~* %s", [pattern])
            transaction.set_rollback(True)  # the time-out is for this alone
    except OperationalError as error:
        raise ValidationError(_("This regular expression takes too long to read.")) from error
    except DatabaseError as error:
        raise ValidationError(_("This is not a regular expression.")) from error


class LinesField(forms.CharField):
    """Several texts, one a line, spaces within them significant."""

    widget = forms.Textarea(attrs={"rows": 2})

    def clean(self, value: Any) -> Value:
        cleaned = super().clean(value)
        lines = dict.fromkeys(line for line in cleaned.splitlines() if line.strip())
        if len(lines) > MOST_VALUES:
            raise ValidationError(_("At most 256 values are allowed in one filter."))
        if any(len(line) > 255 for line in lines):
            raise ValidationError(_("A value has at most 255 characters."))
        return tuple(lines)

    def raw(self, value: Value) -> list[str]:
        """Return a cleaned value as it is posted: one text."""
        return ["\n".join(value)]


def lines(choices: Choices) -> forms.Field:
    return LinesField(strip=False, help_text=_("One value per line"))


class PickField(forms.MultipleChoiceField):
    def clean(self, value: Any) -> Value:
        if value and len(value) > MOST_VALUES:
            raise ValidationError(_("At most 256 values are allowed in one filter."))
        return tuple(super().clean(value))


def pick(choices: Choices) -> forms.Field:
    """One or more of ``choices``."""
    return PickField(choices=choices)


class PairInput(forms.TextInput):
    """Two number inputs of one name."""

    template_name = "segments/parts/pair_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        low, high = (list(value or []) + ["", ""])[:2]
        return super().get_context(name, None, attrs) | {
            "low": low,
            "high": high,
            "last_label": _("Last of the range"),
        }

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name)


class PathInput(PairInput):
    """Two text inputs of one name: a path into an object, and the value at its end."""

    template_name = "segments/parts/path_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"last_label": _("Value at that path")}


class PathField(forms.Field):
    """A path such as ``company.name``, and a value that ``inner`` cleans."""

    widget = PathInput(attrs={"placeholder": "company.name"})

    def __init__(self, inner: forms.Field) -> None:
        super().__init__(help_text=_("Keys with dots between them, then the value"))
        self.inner = inner

    def clean(self, value: Any) -> Value:
        path, at_its_end = (list(value or []) + ["", ""])[:2]
        return (path_text().clean(path), plain(self.inner.clean(at_its_end)))


def validate_path(path: str) -> None:
    """Refuse a path with an empty key."""
    if not all(path.split(".")):
        raise ValidationError(_("Write the path as keys with dots between them."))


def path(choices: Choices) -> forms.Field:
    return OneField(path_text())


def path_text() -> forms.Field:
    return forms.CharField(max_length=255, validators=[validate_path])


def path_and_text(choices: Choices) -> forms.Field:
    return PathField(forms.CharField(max_length=255, strip=False))


def path_and_number(choices: Choices) -> forms.Field:
    return PathField(forms.DecimalField(max_digits=30, decimal_places=10))


class BucketsField(forms.Field):
    """The first and last random bucket of a range, both included."""

    widget = PairInput(attrs={"min": 0, "max": 9999, "step": 1})

    def clean(self, value: Any) -> Value:
        bound = forms.IntegerField(validators=[MinValueValidator(0), MaxValueValidator(9999)])
        low, high = (bound.clean(item) for item in (list(value or []) + ["", ""])[:2])
        if low > high:
            raise ValidationError(_("The first bucket comes after the last."))
        return (low, high)


def buckets(choices: Choices) -> forms.Field:
    return BucketsField()


class PickAndDaysInput(forms.Select):
    """A select and a number input of one name."""

    template_name = "segments/parts/pick_and_days_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        picked, number_of_days = (list(value or []) + ["", ""])[:2]
        context = super().get_context(name, picked, attrs)
        return context | {"days": number_of_days, "days_label": _("Days")}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name)


class PickAndDaysField(forms.Field):
    """One of ``choices``, and a number of days of 24 hours."""

    def __init__(self, choices: Choices) -> None:
        offered = [("", _("Choose one")), *choices]
        super().__init__(widget=PickAndDaysInput({"data-searchable": ""}, offered))
        self.choice = forms.ChoiceField(choices=choices)

    def clean(self, value: Any) -> Value:
        picked, number_of_days = (list(value or []) + ["", ""])[:2]
        return (self.choice.clean(picked), *days(()).clean(number_of_days))


def pick_and_days(choices: Choices) -> forms.Field:
    return PickAndDaysField(choices)
