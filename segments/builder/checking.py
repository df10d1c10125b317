"""Trees that a caller sends as JSON: every value as its operator takes it in the builder."""

from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from segments.builder.drafts import LeafForm, as_draft
from segments.builder.json_view import written_value
from segments.filters.base import Filter, InvalidTree
from segments.filters.catalogue import Catalogue
from segments.trees.tree import Group, Tree, about, load_tree


def checked_tree(catalogue: Catalogue, data: Any) -> Tree:
    """Return the tree that a caller sent as JSON.

    Raises ``InvalidTree`` with a sentence that names the filter: for another shape, for what
    ``catalogue`` does not offer, for what is too large, for a value that its operator refuses.
    """
    tree = load_tree(data, catalogue)
    entered = iter([_entered(item, n, catalogue) for n, item in enumerate(tree.filters(), 1)])
    groups, exclusions = (
        tuple(Group(tuple(islice(entered, len(group.filters))), group.join) for group in groups)
        for groups in (tree.groups, tree.exclusions)
    )
    return Tree(groups, tree.join, exclusions)


def _entered(item: Filter, number: int, catalogue: Catalogue) -> Filter:
    """Return ``item`` as if it were entered in the form, which must make the same of its value."""
    draft = as_draft(item)
    draft.label = catalogue.label(item)
    form = LeafForm(draft, catalogue, "checked")
    if not form.is_valid() or form.item is None:
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        raise InvalidTree(about(number, draft.label, said))
    if item.value != form.item.value:
        said = _("write its value as %(value)s.") % {"value": written_value(form.item.value)}
        raise InvalidTree(about(number, draft.label, said))
    return form.item
