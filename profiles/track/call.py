"""What a track call may send, as the API describes it, and what it is turned into."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from rest_framework.exceptions import ValidationError

from profiles.attributes import InvalidAttribute, is_storable
from profiles.identity.who import Who
from profiles.track.items import Attributes, Occurrence, read_attributes, read_event, read_purchase

NOTHING_VALID = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
TOO_MANY = "Max Input Length Exceeded"
#: Pieces that the purchases of one call may be, each of which is kept.
MOST_PIECES = 10_000
TOO_MANY_ABOUT_ONE = f"{TOO_MANY}: more than {{most}} objects are about one user"
#: What Braze says of an item, where its clients know the words.
KNOWN_WORDS = {
    "'email' must be an e-mail address": (
        "The value provided for the 'email' field is not a valid email."
    )
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """That the item at ``index`` of an array was not applied, and why."""

    type: str
    input_array: str
    index: int

    def as_json(self) -> dict[str, Any]:
        return {"type": self.type, "input_array": self.input_array, "index": self.index}


@dataclass(slots=True)
class TrackCall:
    """A call: the ``arrays`` that were sent, and what is read in them: the good items of each with
    their places in it, and the bad ones.
    """

    arrays: dict[str, list[Any]]
    most_about_one: int | None = None
    attributes: list[tuple[int, Attributes]] = field(default_factory=list)
    events: list[tuple[int, Occurrence]] = field(default_factory=list)
    purchases: list[tuple[int, Occurrence]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def tells_events(self) -> bool:
        """Whether there are events or purchases, good ones or bad."""
        return bool(self.arrays.get("events") or self.arrays.get("purchases"))

    def external_ids(self) -> list[str]:
        """Return the external ids that the items name, good ones and bad."""
        items = (item for items in self.arrays.values() for item in items if isinstance(item, dict))
        named = (item.get("external_id") for item in items)
        return [name for name in named if isinstance(name, str) and is_storable(name)]

    def read(self) -> None:
        """Read the items, anew where that was done before.

        Raises ``ValidationError`` where too many name one user in the same way.
        """
        self.refusals = []
        for name, items in self.arrays.items():
            good: list[Any] = []
            setattr(self, name, good)
            for index, item in enumerate(items):
                try:
                    good += [(index, said) for said in READERS[name](item)]
                except InvalidAttribute as error:
                    reason = KNOWN_WORDS.get(str(error), str(error))
                    self.refusals.append(Refusal(reason, name, index))
        self._refuse_pieces()
        if (most := self.most_about_one) and max(self._about_each().values(), default=0) > most:
            raise ValidationError(TOO_MANY_ABOUT_ONE.format(most=most))

    def occurrences(self) -> list[Occurrence]:
        """Return the good events, then the purchases, each as many times as pieces were bought."""
        items = (item for _index, item in (*self.events, *self.purchases))
        return [item for item in items for _ in range(item.quantity)]

    def refuse(self, reason: str, array: str, index: int) -> None:
        """Note that an item is not applied; one that imports several push tokens is noted once."""
        if all((known.input_array, known.index) != (array, index) for known in self.refusals):
            self.refusals.append(Refusal(reason, array, index))

    def processed(self) -> dict[str, int]:
        """Return how many items of each array were applied."""
        bad = [refusal.input_array for refusal in self.refusals]
        return {name: len(items) - bad.count(name) for name, items in self.arrays.items()}

    def _refuse_pieces(self) -> None:
        """Refuse the purchases with which the call would be more than ``MOST_PIECES``."""
        pieces, bought = 0, self.purchases
        self.purchases = []
        for index, item in bought:
            if pieces + item.quantity > MOST_PIECES:
                reason = f"a call may have at most {MOST_PIECES} pieces in all"
                self.refusals.append(Refusal(reason, "purchases", index))
            else:
                pieces += item.quantity
                self.purchases.append((index, item))

    def _about_each(self) -> Counter[Who]:
        """Count the items about each user."""
        said = (item.who for _index, item in self.attributes)
        return Counter(chain(said, (item.who for _index, item in (*self.events, *self.purchases))))


def open_call(
    body: Any, *, most: int, most_in_all: int, most_about_one: int | None = None
) -> TrackCall:
    """Return the call of a body: at most ``most`` items in an array and ``most_in_all`` together,
    and of these ``most_about_one`` that name one user in the same way.

    Raises ``ValidationError`` where nothing of it could be applied, whatever its items.
    """
    arrays = _arrays(body)
    sizes = [len(items) for items in arrays.values()]
    if max(sizes) > most or sum(sizes) > most_in_all:
        raise ValidationError(TOO_MANY)
    return TrackCall(arrays, most_about_one)


def _arrays(body: Any) -> dict[str, list[Any]]:
    sent = body if isinstance(body, dict) else {}
    arrays = {name: sent[name] for name in READERS if sent.get(name) is not None}
    for name, items in arrays.items():
        if not isinstance(items, list):
            raise ValidationError(f"'{name}' must be an array of objects")
    if not any(arrays.values()):
        raise ValidationError(NOTHING_VALID)
    return arrays


READERS: dict[str, Callable[[Any], list[Any]]] = {
    "attributes": read_attributes,
    "events": lambda item: [read_event(item)],
    "purchases": lambda item: [read_purchase(item)],
}
