"""Forms of which one counts: those of the channels of a message, of the ways to enter a Canvas."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict


class DraftForm(forms.Form):
    """A part of a draft: each of its fields cleans to what JSON keeps, texts to ``""`` if empty."""

    # The form that was not chosen is hidden: the browser could not point to what it misses.
    use_required_attribute = False
    #: What must be there before it can be launched, though a draft may do without.
    needed: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def missing(cls, stored: dict[str, Any]) -> list[Any]:
        """Return the labels of what the draft ``stored`` still needs."""
        return [cls.base_fields[name].label for name in cls.needed if not stored.get(name)]

    @classmethod
    def rows(cls, stored: dict[str, Any]) -> list[tuple[Any, Any]]:
        """Return label and value of all that is filled in, to read."""
        return [
            (field.label, field.prepare_value(stored[name]))
            for name, field in cls.base_fields.items()
            if stored.get(name)
        ]


class Alternatives:
    """One form of each of ``classes``; only that of ``chosen`` is read and judged.

    What was typed into the others stays on the page while the chosen one is mended.
    """

    def __init__(
        self,
        classes: Mapping[str, type[DraftForm]],
        *,
        labels: Iterable[tuple[str, Any]],
        chosen: str,
        stored: dict[str, Any],
        data: QueryDict | None,
    ) -> None:
        self.chosen = chosen
        self.labels = dict(labels)
        self.forms: dict[str, DraftForm] = {}
        for key, form_class in classes.items():
            if key == chosen:
                self.forms[key] = form_class(data, prefix=key, initial=stored)
            else:
                self.forms[key] = form_class(prefix=key, initial=_typed(form_class, key, data))

    def __iter__(self) -> Iterator[tuple[str, Any, DraftForm]]:
        """Give each form, after its key and its label."""
        return ((key, self.labels[key], form) for key, form in self.forms.items())

    def is_valid(self) -> bool:
        return self.chosen in self.forms and self.forms[self.chosen].is_valid()

    @property
    def cleaned(self) -> dict[str, Any]:
        return self.forms[self.chosen].cleaned_data


def _typed(form_class: type[DraftForm], prefix: str, data: QueryDict | None) -> dict[str, Any]:
    names = ((name, f"{prefix}-{name}") for name in form_class.base_fields)
    return {name: data[key] for name, key in names if data and key in data}
