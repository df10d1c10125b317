"""The columns that an export may have: names as in Braze's files, and what each reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from lib.spreadsheets import guarded, guarded_sql
from profiles.models import CustomAttribute
from workspaces.models import Workspace

CUSTOM = "custom:"


@dataclass(frozen=True)
class Column:
    """One column: its key in a stored export, its heading in the file, the SQL of its value.

    ``text`` says that its values were typed in by people. ``usual`` columns are chosen at first.
    """

    key: str
    label: str | Promise
    source: sql.Composable
    personal: bool = False
    text: bool = True
    usual: bool = True

    @property
    def heading(self) -> str:
        return guarded(self.key.removeprefix(CUSTOM))

    def expression(self) -> sql.Composable:
        """Return the SQL of the value, safe to open in a spreadsheet."""
        return guarded_sql(self.source) if self.text else self.source


def _column(name: str, label: str | Promise, source: str = "", **flags: bool) -> Column:
    return Column(name, label, sql.SQL(source or name), **flags)


_ALIASES = (
    "(select string_agg(label || ':' || name, ', ' order by label, name)"
    " from profiles_alias where profile_id = profiles_profile.id)"
)
_DEVICES = (
    "(select string_agg(device_id, ', ' order by device_id)"
    " from profiles_device where profile_id = profiles_profile.id)"
)

IDENTIFIERS = (
    _column("user_id", _("External ID"), "external_id"),
    _column("braze_id", _("Braze ID"), text=False),
    _column("user_aliases", _("Aliases"), _ALIASES, usual=False),
    _column("devices", _("Devices"), _DEVICES, usual=False),
)
ATTRIBUTES = (
    _column("first_name", _("First name"), personal=True),
    _column("last_name", _("Last name"), personal=True),
    _column("email", _("Email address"), personal=True),
    _column("phone_number", _("Phone number"), "phone", personal=True, usual=False),
    _column("date_of_birth", _("Date of birth"), "dob", personal=True, text=False, usual=False),
    _column("gender", _("Gender"), text=False, usual=False),
    _column("country", _("Country")),
    _column("city", _("City"), "home_city"),
    _column("language", _("Language")),
    _column("timezone", _("Time zone"), "time_zone", usual=False),
    _column("email_subscribe", _("Email subscription"), text=False),
    _column("push_subscribe", _("Push subscription"), text=False, usual=False),
    _column("random_bucket", _("Random bucket #"), text=False, usual=False),
    _column("created_at", _("Created"), text=False),
)

type Groups = list[tuple[str | Promise, list[Column]]]


def column_groups(workspace: Workspace) -> Groups:
    """Return the columns that ``workspace`` can export, by what they are about."""
    return [
        (_("Identifiers"), list(IDENTIFIERS)),
        (_("Attributes"), list(ATTRIBUTES)),
        (_("Custom attributes"), list(_custom(workspace))),
    ]


def columns_of(workspace: Workspace) -> dict[str, Column]:
    """Return all columns of ``workspace`` by their keys."""
    return {column.key: column for _title, group in column_groups(workspace) for column in group}


def _custom(workspace: Workspace) -> Iterable[Column]:
    for name in CustomAttribute.objects.filter(workspace=workspace).values_list("name", flat=True):
        source = sql.SQL("(custom ->> {})").format(name)
        yield Column(f"{CUSTOM}{name}", name, source, usual=False)
