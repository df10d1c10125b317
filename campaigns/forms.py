"""What one enters about a campaign or a Canvas."""

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Canvas, EntryType, SendTo, Targeted
from segments.forms import TagsField
from segments.models import Segment

ABOUT = ["name", "description", "tags"]
SHORT_TEXT = forms.Textarea(attrs={"rows": 2})


class CampaignForm(forms.ModelForm):
    tags = TagsField()

    class Meta:
        model = Campaign
        fields = [*ABOUT, "channel"]
        widgets = {"description": SHORT_TEXT, "channel": forms.RadioSelect}


class CanvasForm(forms.ModelForm):
    tags = TagsField()
    entry_type = forms.ChoiceField(
        label=_("How do users enter?"), choices=EntryType, widget=forms.RadioSelect
    )

    class Meta:
        model = Canvas
        fields = ABOUT
        widgets = {"description": SHORT_TEXT}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["entry_type"] = self.instance.entry.get("type", EntryType.SCHEDULED)


class SegmentsField(forms.ModelMultipleChoiceField):
    """Segments to choose, the archived ones marked."""

    def label_from_instance(self, segment: Segment) -> str:
        if segment.archived_at is None:
            return segment.name
        return gettext("%(name)s (archived)") % {"name": segment.name}


class TargetingForm(forms.Form):
    """The segments and the subscription setting of the Target Audiences step.

    Offered are the active segments of the workspace, and those chosen before, archived or not.
    """

    segments = SegmentsField(
        label=_("Segments"),
        queryset=Segment.objects.none(),
        required=False,
        help_text=_("Users must be in all of them. Leave it empty to target by filters alone."),
    )
    send_to = forms.ChoiceField(label=_("Send to"), choices=SendTo, widget=forms.RadioSelect)

    def __init__(self, data: QueryDict | None, *, targeted: Targeted) -> None:
        self.before = list(targeted.segments.all())
        super().__init__(data, initial={"segments": self.before, "send_to": targeted.send_to})
        known = Segment.objects.in_workspace(targeted.workspace)
        offered = Q(archived_at=None) | Q(pk__in=[segment.pk for segment in self.before])
        cast(SegmentsField, self.fields["segments"]).queryset = known.filter(offered)

    @property
    def chosen(self) -> tuple[Segment, ...]:
        """The segments as they are chosen on the page; those stored if they are refused."""
        return tuple(self._picked("segments", self.before))

    @property
    def chosen_send_to(self) -> SendTo:
        """The subscription setting as it is picked on the page; the stored one if refused."""
        return SendTo(self._picked("send_to", self.initial["send_to"]))

    def _picked(self, name: str, stored: Any) -> Any:
        return stored if not self.is_bound or name in self.errors else self.cleaned_data[name]
