"""The forms of a person's page: what is known of them, and with whom they are merged."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.attributes import InvalidAttribute, clean_custom, type_of
from profiles.csv_import.columns import READERS
from profiles.models import AttributeType, Profile, Subscription, SubscriptionGroup
from profiles.person.search import search
from profiles.standard import ATTRIBUTES, IN_FORM, STANDARD, Attribute, Holds, clean_standard

CUSTOM = "custom:"
GROUP = "group:"
ROWS = {"rows": 3}
#: How many custom attributes have a field, and how many characters there are in all of those.
MOST_FIELDS = 100
MOST_CHARACTERS = 200_000
YES_OR_NO = (("", "–"), ("true", gettext_lazy("yes")), ("false", gettext_lazy("no")))
JOINED, LEFT = Subscription.SUBSCRIBED, Subscription.UNSUBSCRIBED
JOINED_OR_LEFT = [(state.value, state.label) for state in (JOINED, LEFT)]
#: What is said of a wrong value, whatever the attribute: in the language of the reader.
WRONG = gettext_lazy("This value does not fit the attribute.")


def written(value: Any) -> str:
    """Return a custom value as the form shows it, to be read again by ``READERS``."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return (
            json.dumps(value, ensure_ascii=False)
            if any(";" in i for i in value)
            else ("; ".join(value))
        )
    return json.dumps(value, ensure_ascii=False)


def read(name: str, kind: AttributeType, text: str) -> Any:
    """Return the value of the custom attribute ``name`` that ``text`` spells, cleaned.

    Raises ``ValidationError``.
    """
    try:
        return clean_custom(name, READERS[kind](text))
    except (InvalidAttribute, ValueError, RecursionError) as error:
        raise ValidationError(WRONG) from error


def _standard_field(attribute: Attribute) -> forms.Field:
    label = attribute.label_in_form or attribute.label
    if attribute.choices:
        none = [("", "–")] if attribute.empties else []
        choices = [*none, *attribute.choices.choices]
        return forms.ChoiceField(label=label, choices=choices, required=not attribute.empties)
    if attribute.holds is Holds.DAY:
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(label=label, required=False, widget=day)
    return forms.CharField(label=label, required=False, max_length=attribute.most_in_form)


def _field(value: Any) -> forms.Field:
    """Return the field for a custom attribute that holds ``value``; blank takes it away."""
    kind = type_of(value)
    if kind == AttributeType.BOOLEAN:
        return forms.ChoiceField(choices=YES_OR_NO, required=False)
    if kind in (AttributeType.ARRAY, AttributeType.OBJECT):
        widget: forms.Widget = forms.Textarea(attrs=ROWS)
        return forms.CharField(widget=widget, required=False)
    return forms.CharField(required=False, strip=kind != AttributeType.STRING)


def _beginning(custom: dict[str, Any]) -> dict[str, str]:
    """Return the first attributes by name as the form shows them, without those that are too long:
    the page stays small, whatever is stored.
    """
    shown: dict[str, str] = {}
    room = MOST_CHARACTERS
    for name in sorted(custom)[:MOST_FIELDS]:
        if len(text := written(custom[name])) <= room:
            shown[name] = text
            room -= len(text)
    return shown


class PersonForm(forms.Form):
    """Standard attributes, the custom ones that a person has and one more, subscription groups."""

    new_name = forms.CharField(label=gettext_lazy("Name"), required=False)
    new_type = forms.ChoiceField(
        label=gettext_lazy("Type"), choices=AttributeType.choices, required=False
    )
    new_value = forms.CharField(label=gettext_lazy("Value"), required=False)

    def __init__(self, data: Any = None, *, person: Profile) -> None:
        self.person = person
        initial = {each.name: getattr(person, each.column) for each in ATTRIBUTES}
        self._custom = _beginning(person.custom)
        self.more = len(person.custom) - len(self._custom)
        initial |= {f"{CUSTOM}{name}": text for name, text in self._custom.items()}
        super().__init__(data, initial=initial)
        self.fields = {each.name: _standard_field(each) for each in IN_FORM} | self.fields
        for name in self._custom:
            field = _field(person.custom[name])
            field.label = name
            self.fields[f"{CUSTOM}{name}"] = field
        self._known_groups = dict(self._ask_groups())

    def _ask_groups(self) -> Iterator[tuple[str, SubscriptionGroup]]:
        """Add a field for every group of the workspace; who was asked once stays asked."""
        states = dict(self.person.group_subscriptions.values_list("group", "subscribed"))
        for group in SubscriptionGroup.objects.in_workspace(self.person.workspace).order_by("name"):
            was = states.get(group.pk)
            choices = JOINED_OR_LEFT if was is not None else [("", "–"), *JOINED_OR_LEFT]
            initial = JOINED if was else LEFT if was is not None else ""
            key = f"{GROUP}{group.pk}"
            self.fields[key] = forms.ChoiceField(
                label=group.name, choices=choices, initial=initial, required=False
            )
            yield key, group

    def standard_fields(self) -> Iterator[forms.BoundField]:
        return (self[attribute.name] for attribute in IN_FORM)

    def custom_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name.startswith(CUSTOM))

    def group_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self._known_groups]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.standard = dict(self._standard(cleaned))
        self.custom = dict(self._changed(cleaned))
        self.groups = {
            group: cleaned[key] == JOINED
            for key, group in self._known_groups.items()
            if key in self.changed_data and cleaned.get(key)
        }
        if name := cleaned.get("new_name"):
            self._add(name, cleaned)
        return cleaned

    def _standard(self, cleaned: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name in sorted(STANDARD.keys() & cleaned.keys()):
            value = cleaned[name]
            is_day = STANDARD[name].holds is Holds.DAY
            sent = value.isoformat() if is_day and value else value
            try:
                yield clean_standard(name, sent)
            except InvalidAttribute:
                self.add_error(name, WRONG)

    def _changed(self, cleaned: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, text in list(cleaned.items()):
            if not key.startswith(CUSTOM) or key not in self.changed_data:
                continue
            name = key.removeprefix(CUSTOM)
            kind = type_of(self.person.custom[name])
            try:
                yield name, read(name, kind, text) if text else None
            except ValidationError as error:
                self.add_error(key, error)

    def _add(self, name: str, cleaned: dict[str, Any]) -> None:
        if name in STANDARD or name in self._custom:
            self.add_error("new_name", _("An attribute has this name already."))
            return
        kind = AttributeType(cleaned.get("new_type") or AttributeType.STRING)
        try:
            self.custom[name] = read(name, kind, cleaned.get("new_value", ""))
        except ValidationError as error:
            self.add_error("new_value", error)


class MergeForm(forms.Form):
    """Who else is the same person, by any identifier."""

    other = forms.CharField(
        label=gettext_lazy("The other profile: any identifier"),
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, person: Profile) -> None:
        self.person = person
        super().__init__(data)

    def clean_other(self) -> Profile:
        found = [
            other
            for other in search(self.person.workspace, self.cleaned_data["other"])
            if other != self.person
        ]
        if not found:
            raise ValidationError(_("No other user has this identifier."))
        if len(found) > 1:
            raise ValidationError(_("Several users have this identifier: use a Braze ID."))
        return found[0]
