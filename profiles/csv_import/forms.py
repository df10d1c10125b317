"""What one enters to import people: a file, and what its columns hold."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.attributes import InvalidAttribute, clean_name
from profiles.csv_import.columns import CUSTOM, IDENTIFIER, IGNORED, Column
from profiles.identity.who import is_identifier
from profiles.models import AttributeType
from profiles.standard import STANDARD

MOST_BYTES = 500 * 2**20
#: How many different values of a column are shown, and how much of each.
SHOWN = 3
SHOWN_LENGTH = 60

TARGETS = [
    (IGNORED, gettext_lazy("Ignore this column")),
    (CUSTOM, gettext_lazy("Custom attribute")),
    (
        gettext_lazy("Identifier: the user of the row"),
        [
            (f"{IDENTIFIER}external_id", gettext_lazy("External ID")),
            (f"{IDENTIFIER}braze_id", gettext_lazy("Braze ID")),
            (f"{IDENTIFIER}alias", gettext_lazy("Alias")),
            (f"{IDENTIFIER}email", gettext_lazy("Email address (identifier)")),
            (f"{IDENTIFIER}phone", gettext_lazy("Phone number (identifier)")),
        ],
    ),
    (
        gettext_lazy("Standard attribute"),
        [(name, STANDARD[name].label) for name in sorted(STANDARD)],
    ),
]


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv"})
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(most)s.") % {"most": filesizeformat(MOST_BYTES)}
            )
        return file


class ColumnForm(forms.Form):
    """What one column of the file holds."""

    target = forms.ChoiceField(label=gettext_lazy("Holds"), choices=TARGETS, required=False)
    name = forms.CharField(
        label=gettext_lazy("Name of the attribute, or label of the alias"),
        required=False,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), choices=AttributeType.choices, required=False
    )

    def __init__(self, *args: Any, header: str, cells: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        different = dict.fromkeys(text for cell in cells if (text := cell.strip()))
        self.samples = [text[:SHOWN_LENGTH] for text in list(different)[:SHOWN]]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        name = cleaned.get("name", "")
        if cleaned.get("target") == CUSTOM:
            try:
                clean_name(name)
            except InvalidAttribute:
                self.add_error("name", _("Give the attribute a name of at most 255 characters."))
        if cleaned.get("target") == f"{IDENTIFIER}alias" and not is_identifier(name):
            self.add_error("name", _("Give the label of the aliases."))
        return cleaned

    @property
    def column(self) -> Column:
        """What was chosen, once the form is valid."""
        target = self.cleaned_data["target"]
        named = target in {CUSTOM, f"{IDENTIFIER}alias"}
        kind = self.cleaned_data["type"] or AttributeType.STRING.value
        return Column(
            target,
            self.cleaned_data["name"] if named else "",
            kind if target == CUSTOM else AttributeType.STRING.value,
        )


class ColumnsForm:
    """A form for each column, and what they must be together."""

    def __init__(
        self,
        data: Any,
        *,
        header: Sequence[str],
        samples: Sequence[Sequence[str]],
        columns: Sequence[Column],
    ) -> None:
        self._is_bound = data is not None
        self.errors: list[str] = []
        self.is_unsure = not self._is_bound and not any(column.identifier for column in columns)
        self.forms = [
            ColumnForm(data, prefix=f"c{place}", initial=column.dump(), header=name, cells=cells)
            for place, (name, cells, column) in enumerate(
                zip(header, samples, columns, strict=True)
            )
        ]

    def __iter__(self) -> Iterator[ColumnForm]:
        return iter(self.forms)

    def is_valid(self) -> bool:
        """Tell whether something was sent, and the columns can be imported like that."""
        valid = [form.is_valid() for form in self.forms]  # each says what is wrong with it
        if not self._is_bound or not all(valid):
            return False
        self.errors = list(self._conflicts())
        return not self.errors

    @property
    def columns(self) -> list[Column]:
        return [form.column for form in self.forms]

    def _conflicts(self) -> Iterator[str]:
        identifiers = [column for column in self.columns if column.identifier]
        if len(identifiers) != 1:
            yield _("Choose exactly one column that identifies the user of each row.")
        wanted = [
            (column.target, column.name) for column in self.columns if column.target != IGNORED
        ]
        wanted += [(column.identifier, "") for column in identifiers if column.identifier]
        for target, name in dict.fromkeys(each for each in wanted if wanted.count(each) > 1):
            label = name or (STANDARD[target].label if target in STANDARD else target)
            yield _("Two columns hold “%(what)s”.") % {"what": label}
