"""Filters and groups as they stand in the form of the builder, finished or not."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from segments.audiences.estimates import Size
from segments.filters.base import Filter, InvalidTree, find
from segments.filters.catalogue import Catalogue
from segments.filters.judging import checked_leaf
from segments.trees.tree import Group


class LeafForm(forms.Form):
    """The operator of one filter and the value that it asks for.

    ``item`` is the filter that they make, once the form is valid.
    """

    use_required_attribute = False
    item: Filter | None = None

    operator = forms.CharField()

    def __init__(self, leaf: "DraftFilter", catalogue: Catalogue, prefix: str) -> None:
        super().__init__(leaf.posted(prefix), prefix=prefix)
        operators = leaf.filter_class.operators
        self.operators = [(key, operator.label) for key, operator in operators.items()]
        choices = catalogue.choices(leaf.unfinished)
        self.fields["value"] = operators[leaf.operator].field(choices)
        self.fields["operator"].label = _("Operator of %(filter)s") % {"filter": leaf.label}
        self.fields["value"].label = _("Value of %(filter)s") % {"filter": leaf.label}
        self.leaf = leaf

    def clean(self) -> dict[str, Any]:
        cleaned, leaf = self.cleaned_data, self.leaf
        if "value" in cleaned:
            said = {"filter": leaf.key, "operator": leaf.operator, "value": list(cleaned["value"])}
            try:
                self.item = checked_leaf(said)
            except InvalidTree as error:
                sentence = str(error)
                self.add_error("value", sentence[:1].upper() + sentence[1:])
        return cleaned


@dataclass
class DraftFilter:
    """A filter as it stands in the form, finished or not."""

    key: str
    operator: str = ""
    value: list[str] = field(default_factory=list)
    path: str = ""
    label: Any = ""
    form: LeafForm | None = None
    size: Size | None = None
    # Of the group up to this filter.
    running: Size | None = None
    catalogue: Catalogue | None = None
    # The filter as it is stored: what it names may be gone, and is then no choice of the form.
    stored: Filter | None = None

    def __post_init__(self) -> None:
        self.filter_class, self.subject = find(self.key)
        if self.operator not in self.filter_class.operators:
            self.operator = next(iter(self.filter_class.operators))

    @property
    def unfinished(self) -> Filter:
        return self.filter_class(self.subject, self.operator, ())

    @cached_property
    def filter(self) -> Filter | None:
        """The filter that is stored or was entered, or None while it is not complete."""
        if self.stored is not None:
            return self.stored
        if self.form is None or not self.form.is_valid():
            return None
        return self.form.item

    def sentence(self) -> str:
        """Say the filter in words; nothing while it is not complete."""
        return self.filter.sentence(self.catalogue) if self.filter and self.catalogue else ""

    def notes(self) -> list[str]:
        """Say what is amiss with what the filter names."""
        return self.filter.notes(self.catalogue) if self.filter and self.catalogue else []

    @property
    def started(self) -> bool:
        """Tell whether a value was entered: before that, an error would only be noise."""
        return any(item.strip() for item in self.value)

    def posted(self, prefix: str) -> MultiValueDict[str, str]:
        return MultiValueDict(
            {f"{prefix}-operator": [self.operator], f"{prefix}-value": list(self.value)}
        )


@dataclass
class DraftGroup:
    join: str = "all"
    filters: list[DraftFilter] = field(default_factory=list)
    path: str = ""
    size: Size | None = None
    # Of the whole up to this group.
    left: Size | None = None
    # What was typed for the name of an attribute, where no attribute has it.
    unknown_name: str = ""

    def tree_group(self) -> Group:
        """Return the group of those filters that are complete."""
        return Group(tuple(leaf.filter for leaf in self.filters if leaf.filter), self.join)

    def notes(self) -> list[str]:
        """Warn of two “is not” about the same, of which any may hold: for almost everyone one does.

        Braze warns of it too.
        """
        if self.join != "any":
            return []
        filters = dict.fromkeys(leaf.filter for leaf in self.filters if leaf.filter)
        denied = Counter(item.key for item in filters if item.operators[item.operator].negates)
        labels = {leaf.key: leaf.label for leaf in self.filters}
        return [
            _(
                "Several filters exclude values of “%(filter)s”, and one match is enough: that is "
                "almost everyone. Join them by “all”, or put all values into one filter."
            )
            % {"filter": labels[key]}
            for key, count in denied.items()
            if count > 1
        ]


def copy_of(node: Any) -> Any:
    """Return a fresh draft of a filter or a group, without what ``_number`` gives it."""
    if isinstance(node, DraftGroup):
        return DraftGroup(node.join, [copy_of(leaf) for leaf in node.filters])
    return DraftFilter(node.key, node.operator, list(node.value))


def as_draft(item: Filter) -> DraftFilter:
    """Return a stored filter as the form shows it."""
    input_ = item.operators[item.operator].field(())
    raw = getattr(input_, "raw", None)
    texts = ["" if part is None else str(part) for part in item.value]
    value = raw(texts) if raw else texts
    return DraftFilter(item.key, item.operator, value, stored=item)
