"""What fake people did: always the same, whoever asks and whatever else is made."""

from collections.abc import Iterator, Sequence

import numpy as np

from profiles.fake import words
from profiles.fake.people import EPOCH, NULL, Chance, Moments, created, iso
from profiles.models import EventKind

type Row = tuple[int, str, str, str, str, str]

#: More than anyone draws: what tells the events of one person apart.
MOST_EVENTS = 1 << 20
KINDS = {EventKind.CUSTOM: 60, EventKind.SESSION: 25, EventKind.PURCHASE: 15}
EVENTS = {
    "Viewed page": 40,
    "Searched": 20,
    "Signed up": 10,
    "Completed step": 12,
    "Invited a colleague": 8,
    "Exported report": 6,
    "Contacted support": 4,
}
APPS = {"Web": 60, "iOS": 25, "Android": 15}
#: Products with their prices in US dollars.
PRICES = {
    "Starter monthly": 9,
    "Pro monthly": 29,
    "Pro yearly": 290,
    "Extra seats": 15,
    "Training": 120,
}


def events_of(kind: str, numbers: Sequence[int], average: float) -> Iterator[Row]:
    """Make ``average`` events for each person: most people did little, a few did much.

    ``kind`` is "user" or "anonymous", as in ``profiles.fake.people``. Yields rows in COPY text: the
    index of the person, then kind, name, time, amount and properties of the event.
    """
    chance = Chance(kind, numbers)
    # A geometric draw, whose mean is the average.
    scale = 1 / np.log1p(1 / average)
    counts = np.minimum(-np.log1p(-chance.fraction("events")) * scale, MOST_EVENTS).astype(int)
    index = np.repeat(np.arange(len(numbers)), counts)
    place = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    each = Chance(f"{kind} event", (chance.numbers[index] * MOST_EVENTS + place.astype(np.uint64)))
    kinds = each.choose("kind", KINDS).tolist()
    made = {
        EventKind.CUSTOM: _custom(each),
        EventKind.SESSION: _sessions(each),
        EventKind.PURCHASE: _purchases(each),
    }
    times = iso(_times(each, created(chance)[index]))
    for i, (person, kind_, time) in enumerate(zip(index.tolist(), kinds, times, strict=True)):
        name, amount, properties = made[kind_][i]
        yield person, kind_.value, name, f"{time}Z", amount, properties


type Made = list[tuple[str, str, str]]


def _custom(chance: Chance) -> Made:
    plans = chance.choose("plan", words.PLANS).tolist()
    steps = chance.below("steps", 10).tolist()
    properties = [f'{{"plan":"{plan}","steps":{n}}}' for plan, n in zip(plans, steps, strict=True)]
    names = chance.choose("event", EVENTS).tolist()
    return [(name, NULL, known) for name, known in zip(names, properties, strict=True)]


def _sessions(chance: Chance) -> Made:
    apps = chance.choose("app", APPS).tolist()
    seconds = chance.skewed("seconds", 3600).tolist()
    return [(app, NULL, f'{{"duration":{n}}}') for app, n in zip(apps, seconds, strict=True)]


def _purchases(chance: Chance) -> Made:
    products = chance.choose("product", dict.fromkeys(PRICES, 1)).tolist()
    quantities = (chance.skewed("quantity", 5) + 1).tolist()
    return [
        (product, f"{PRICES[product] * n - 0.01:.2f}", f'{{"quantity":{n}}}')
        for product, n in zip(products, quantities, strict=True)
    ]


def _times(chance: Chance, since: Moments) -> Moments:
    """A moment since each person was created, more often a late one."""
    span = (EPOCH - since).astype(np.int64)
    return EPOCH - (span * chance.fraction("time") ** 3).astype("timedelta64[s]")
