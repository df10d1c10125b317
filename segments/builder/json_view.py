"""The tree as text, for experts: what the builder shows, and takes back."""

import json
from hashlib import sha256

from segments.filters.base import Value
from segments.trees.tree import Tree


def written(tree: Tree) -> str:
    """Write ``tree`` as it is stored, indented."""
    return json.dumps(tree.dump(), indent=2, ensure_ascii=False)


def written_value(value: Value) -> str:
    return json.dumps(list(value), ensure_ascii=False)


def same_lines(text: str) -> str:
    """Return ``text`` with the line ends that it had before a browser posted it."""
    return text.replace("\r\n", "\n")


def mark(text: str) -> str:
    """Return a short mark by which to see whether ``text`` was changed."""
    return sha256(text.encode(errors="replace")).hexdigest()[:16]
