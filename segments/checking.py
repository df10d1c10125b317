"""Trees that somebody sends as JSON, judged as strictly as what is entered in the builder."""

from dataclasses import replace
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from segments.drafts import LeafForm, as_draft
from segments.filters import Catalogue, Filter, InvalidTree, find
from segments.json_view import written_value
from segments.shapes import shown
from segments.tree import Group, Tree, about, load_tree
from workspaces.models import Workspace


def checked_tree(workspace: Workspace, data: Any) -> Tree:
    """Return the tree that somebody sent as JSON, with every value as its operator takes it.

    Raises ``InvalidTree`` with a sentence that names the filter: for another shape, for what does
    not exist, for what is too large, for a value that the operator does not take.
    """
    catalogue = Catalogue(workspace)
    tree = load_tree(data, lambda key: name_of(key, catalogue))
    checked_labels(tree, catalogue)
    checked = iter([_checked(item, n, catalogue) for n, item in enumerate(tree.filters(), 1)])
    groups, exclusions = (
        tuple(Group(tuple(islice(checked, len(group.filters))), group.join) for group in groups)
        for groups in (tree.groups, tree.exclusions)
    )
    return Tree(groups, tree.join, exclusions)


def _checked(item: Filter, number: int, catalogue: Catalogue) -> Filter:
    draft = as_draft(item)
    draft.label = catalogue.label(item)
    form = LeafForm(draft, catalogue, "checked")
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        raise InvalidTree(about(number, draft.label, said))
    wanted = form.cleaned_data["value"]
    if item.value != wanted:
        said = _("write its value as %(value)s.") % {"value": written_value(wanted)}
        raise InvalidTree(about(number, draft.label, said))
    return replace(item, value=wanted)


def checked_labels(tree: Tree, catalogue: Catalogue) -> Tree:
    """Return ``tree``, or raise ``InvalidTree`` where it asks about what does not exist here."""
    for number, item in enumerate(tree.filters(), 1):
        try:
            catalogue.label(item)
        except InvalidTree as error:
            raise InvalidTree(about(number, item.key, error)) from error
    return tree


def name_of(key: str, catalogue: Catalogue) -> str:
    """Name the filter that ``key`` names as the menu does; by the key itself if there is none."""
    try:
        filter_class, subject = find(key)
        return str(catalogue.label(filter_class(subject, "", ())))
    except InvalidTree:
        return shown(key)
