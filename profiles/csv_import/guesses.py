"""What the columns of an uploaded file seem to hold, by their names and first cells."""

import json
import re
from collections.abc import Callable, Iterable, Mapping

from profiles.attributes import DAY, TIME
from profiles.csv_import.columns import CUSTOM, IDENTIFIER, IGNORED, NUMBER, Column
from profiles.models import AttributeType
from profiles.standard import ATTRIBUTES, STANDARD

#: Other words for columns, as exports of ours and of others write them.
SYNONYMS = {
    "external_id": "id:external_id",
    "user_id": "id:external_id",
    "braze_id": "id:braze_id",
    "user_alias_name": "id:alias",
    "alias_name": "id:alias",
} | {synonym: each.name for each in ATTRIBUTES for synonym in each.synonyms}
#: What may name users here, or in another system, or just the rows: nobody but the uploader knows.
UNSURE = "id"
#: Columns of our own exports that nobody can set.
SET_BY_US = {"created_at", "devices", "random_bucket", "user_aliases"}
#: Yes, no, 0 and 1 are too often something else.
CERTAIN_BOOLEANS = {"true", "false"}


def guess(
    header: Iterable[str], samples: Iterable[Iterable[str]], known: Mapping[str, str]
) -> list[Column]:
    """Return what each column seems to hold, by its name and the ``samples`` of its cells.

    ``known`` holds the types of the workspace's custom attributes. At most one column is taken
    for the identifier, and each standard attribute once; none is where a column might be it that is
    called just ``UNSURE``: then it is left to be chosen.
    """
    names = list(header)
    guessed: list[Column] = []
    for name, cells in zip(names, samples, strict=True):
        column = _guess_one(name, cells, known)
        if column.target != CUSTOM and any(_clash(column, other) for other in guessed):
            column = Column()
        guessed.append(column)
    if any(column.identifier for column in guessed):
        return guessed
    unsure = [_plain(name) == UNSURE for name in names]
    if any(unsure):
        return [
            Column() if is_unsure else column
            for is_unsure, column in zip(unsure, guessed, strict=True)
        ]
    return [_instead(column, guessed) for column in guessed]


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _guess_one(name: str, cells: Iterable[str], known: Mapping[str, str]) -> Column:
    plain = _plain(name)
    target = SYNONYMS.get(plain, plain)
    if target in STANDARD or target.startswith(IDENTIFIER):
        return Column(target)
    if not name or plain in SET_BY_US:
        return Column()
    return Column(CUSTOM, name, known.get(name) or type_of_texts(cells))


def _clash(column: Column, other: Column) -> bool:
    same = column.target == other.target != IGNORED
    return same or bool(column.identifier and other.identifier)


def _instead(column: Column, columns: list[Column]) -> Column:
    """Name users by their e-mail address, else their phone number, where nothing else does."""
    targets = {each.target for each in columns}
    best = next((kind for kind in ("email", "phone") if kind in targets), None)
    return Column(f"{IDENTIFIER}{best}") if best and column.target == best else column


def type_of_texts(cells: Iterable[str]) -> str:
    """Return the type of custom attribute that all of ``cells`` can be; blank ones do not count."""
    texts = [text for cell in cells if (text := cell.strip())]
    if texts and all(text.lower() in CERTAIN_BOOLEANS for text in texts):
        return AttributeType.BOOLEAN.value
    for kind, looks in LOOKS.items():
        if texts and all(map(looks, texts)):
            return kind.value
    return AttributeType.STRING.value


def _looks_like_a_number(text: str) -> bool:
    # A plus begins a phone number, and more than 15 digits an account's.
    return not text.startswith("+") and bool(NUMBER.fullmatch(text)) and len(text) <= 15


def _looks_like_json(of: type) -> Callable[[str], bool]:
    def looks(text: str) -> bool:
        try:
            return text[0] in "[{" and isinstance(json.loads(text), of)
        except (ValueError, RecursionError):
            return False

    return looks


LOOKS: dict[AttributeType, Callable[[str], bool]] = {
    AttributeType.NUMBER: _looks_like_a_number,
    AttributeType.TIME: lambda text: bool(TIME.fullmatch(text) or DAY.fullmatch(text)),
    AttributeType.ARRAY: _looks_like_json(list),
    AttributeType.OBJECT: _looks_like_json(dict),
}
