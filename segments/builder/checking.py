"""Trees that somebody sends as JSON, judged as strictly as what is entered in the builder."""

from dataclasses import replace
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from segments.builder.drafts import LeafForm, as_draft
from segments.builder.json_view import written_value
from segments.filters.base import Catalogue, Filter, InvalidTree, find
from segments.trees.shapes import shown
from segments.trees.tree import Group, Tree, about, load_tree


def checked_tree(catalogue: Catalogue, data: Any) -> Tree:
    """Return the tree that somebody sent as JSON, with every value as its operator takes it.

    Raises ``InvalidTree`` with a sentence that names the filter: for another shape, for what
    ``catalogue`` does not offer, for what is too large, for a value that its operator refuses.
    """
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
    try:
        refuse_unknown(item, catalogue)
    except InvalidTree as error:
        raise InvalidTree(about(number, draft.label, error)) from error
    form = LeafForm(draft, catalogue, "checked")
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        raise InvalidTree(about(number, draft.label, said))
    wanted = form.cleaned_data["value"]
    if item.value != wanted:
        said = _("write its value as %(value)s.") % {"value": written_value(wanted)}
        raise InvalidTree(about(number, draft.label, said))
    return replace(item, value=wanted)


def refuse_unknown(item: Filter, catalogue: Catalogue) -> None:
    """Raise ``InvalidTree`` if a tree may not name ``item``, or what it picks is not there."""
    if item.key not in catalogue:
        raise InvalidTree(_("it asks about something that this workspace does not have."))
    known = dict(catalogue.choices(item)) if item.picked else {}
    if any(pk not in known for pk in item.picked):
        raise InvalidTree(
            _("it refers to something that does not exist: %(what)s.") % {"what": item.gone}
        )


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
