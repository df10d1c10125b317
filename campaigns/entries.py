"""When users enter a Canvas: what each way to enter asks for, and says in words.

Times are kept as those of the wall clock (``2026-12-01T09:00``), meant in the workspace's time
zone: nine o'clock stays nine o'clock when summer time begins.
"""

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from campaigns.alternatives import DraftForm
from campaigns.models import EntryType, Repeats, Trigger
from lib.calendar import validate_day

#: The triggers that need to be told which event or attribute.
NAMED_TRIGGERS = {Trigger.CUSTOM_EVENT, Trigger.ATTRIBUTE}
STARTS = {
    Repeats.ONCE: gettext_lazy("Once, on %(start)s"),
    Repeats.DAILY: gettext_lazy("Every day, from %(start)s"),
    Repeats.WEEKLY: gettext_lazy("Every week, from %(start)s"),
    Repeats.MONTHLY: gettext_lazy("Every month, from %(start)s"),
}


class MomentField(forms.DateTimeField):
    """A date and a time of the wall clock, kept as ISO text without an offset."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, validators=[validate_day], **kwargs)

    def clean(self, value: Any) -> str:
        moment = super().clean(value)
        return timezone.make_naive(moment).isoformat(timespec="minutes") if moment else ""


class DayField(forms.DateField):
    """A day, kept as ISO text."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, validators=[validate_day], **kwargs)

    def clean(self, value: Any) -> str:
        day = super().clean(value)
        return day.isoformat() if day else ""


class EntryForm(DraftForm):
    """What one way to enter asks for."""

    @classmethod
    def sentence(cls, stored: dict[str, Any]) -> str:
        raise NotImplementedError


class ScheduledForm(EntryForm):
    starts_at = MomentField(label=gettext_lazy("Users enter on"))
    repeats = forms.ChoiceField(
        label=pgettext_lazy("a schedule", "Repeats"), choices=Repeats, initial=Repeats.ONCE
    )
    ends_on = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy(
            "This day is included. Only for a schedule that repeats; leave it empty for no end."
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("repeats") == Repeats.ONCE:
            cleaned["ends_on"] = ""
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_on")
        if starts and ends and ends < starts[:10]:
            self.add_error("ends_on", _("The last day comes before the first."))
        return cleaned

    @classmethod
    def sentence(cls, stored: dict[str, Any]) -> str:
        words = STARTS[stored["repeats"]] % {"start": moment_words(stored["starts_at"])}
        if not stored["ends_on"]:
            return words
        last = date_format(date.fromisoformat(stored["ends_on"]))
        return _("%(schedule)s until %(last)s") % {"schedule": words, "last": last}


class ActionForm(EntryForm):
    trigger = forms.ChoiceField(label=gettext_lazy("Users enter when somebody"), choices=Trigger)
    name = forms.CharField(
        label=gettext_lazy("Name of the event or attribute"),
        max_length=255,
        required=False,
        help_text=gettext_lazy("Only for a custom event or a custom attribute."),
    )
    opens_at = MomentField(label=gettext_lazy("Entry window opens"))
    closes_at = MomentField(
        label=gettext_lazy("Entry window closes"),
        required=False,
        help_text=gettext_lazy("Leave it empty to keep it open."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("trigger") not in NAMED_TRIGGERS:
            cleaned["name"] = ""
        elif not cleaned.get("name") and "name" not in self.errors:
            self.add_error("name", _("Name the event or attribute that makes users enter."))
        opens, closes = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("The window closes before it opens."))
        return cleaned

    @classmethod
    def sentence(cls, stored: dict[str, Any]) -> str:
        trigger = str(Trigger(stored["trigger"]).label)
        words = {
            "trigger": _("%(trigger)s “%(name)s”") % {"trigger": trigger, "name": stored["name"]}
            if stored["name"]
            else trigger,
            "opens": moment_words(stored["opens_at"]),
        }
        if not stored["closes_at"]:
            return _("%(trigger)s, from %(opens)s") % words
        words["closes"] = moment_words(stored["closes_at"])
        return _("%(trigger)s, from %(opens)s until %(closes)s") % words


class ApiForm(EntryForm):
    """Nothing to fill in: the call says who enters."""

    @classmethod
    def sentence(cls, stored: dict[str, Any]) -> str:
        return _("When your own server names them in an API call")


ENTRY_FORMS: dict[str, type[EntryForm]] = {
    EntryType.SCHEDULED: ScheduledForm,
    EntryType.ACTION: ActionForm,
    EntryType.API: ApiForm,
}


def moment_words(text: str) -> str:
    return date_format(datetime.fromisoformat(text), "DATETIME_FORMAT")


def entry_sentence(entry: dict[str, Any]) -> str:
    """Say when users enter, by what was stored in ``Canvas.entry``; ``""`` if nothing was."""
    return ENTRY_FORMS[entry["type"]].sentence(entry) if entry else ""
