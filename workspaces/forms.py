"""What is typed into the pages of the account and of the settings."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.utils.translation import gettext_lazy as _

from workspaces.models import Member, Role, User, Workspace
from workspaces.sign_in_names import MOST_CHARACTERS, comparable


class SignInForm(AuthenticationForm):
    username = UsernameField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autofocus": True}),
    )

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _("The e-mail address or the password is wrong."),
    }


class AddMemberForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role, initial=Role.ANALYST)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if len(comparable(email)) > MOST_CHARACTERS:
            raise forms.ValidationError(_("This address is too long."))
        members = self.workspace.members.filter(user__sign_in_name=comparable(email))
        # Whom an operator made a member without a password gets in by an invitation only.
        if members.exclude(user__password__startswith=UNUSABLE_PASSWORD_PREFIX).exists():
            raise forms.ValidationError(_("This person is already a member of the workspace."))
        return email


class RoleForm(forms.Form):
    """A member's role. Whoever gives up their own admin role says so twice."""

    role = forms.ChoiceField(label=_("Role"), choices=Role)
    own = forms.BooleanField(
        label=_("Yes, I give up my own admin rights"), required=False, initial=False
    )

    def __init__(self, *args: Any, member: Member, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["role"] = member.role
        self.is_own = member.user == by
        if not self.is_own:
            del self.fields["own"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.is_own and cleaned.get("role") != Role.ADMIN and not cleaned.get("own"):
            self.add_error(
                "own", _("You are about to change your own role. Tick this box to continue.")
            )
        return cleaned


class RemoveMemberForm(forms.Form):
    sure = forms.BooleanField(
        error_messages={"required": _("Tick this to remove the member.")},
    )

    def __init__(self, *args: Any, member: Member, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sure"].label = (
            _("Yes, remove myself from this workspace")
            if member.user == by
            else _("Yes, remove %(person)s from this workspace") % {"person": member.user}
        )


class WorkspaceForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        widget=forms.Select(attrs={"data-searchable": True}),
        help_text=_("Every time in this workspace is shown in this time zone."),
    )

    class Meta:
        model = Workspace
        fields = ["name", "time_zone"]
