"""Fake people, always the same ones: person 7 is who they are whatever else is made.

Everything about a person is drawn from a hash of their number, column by column with numpy, so
that a million rows of COPY text take seconds.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from profiles.fake import words
from profiles.models import RANDOM_BUCKETS, AttributeType

#: "Now", for these people: everything about them happened before it.
EPOCH = np.datetime64("2026-11-01T00:00:00")
TWO_YEARS = 2 * 365 * 86_400
FORTNIGHT = np.timedelta64(14, "D")
NULL = "\\N"

#: The custom attributes that they carry.
CUSTOM_ATTRIBUTES = {
    "beta_tester": AttributeType.BOOLEAN,
    "lifetime_value": AttributeType.NUMBER,
    "logins": AttributeType.NUMBER,
    "plan": AttributeType.STRING,
    "interests": AttributeType.ARRAY,
    "last_login": AttributeType.TIME,
    "trial_ends": AttributeType.TIME,
    "company": AttributeType.OBJECT,
}

Texts = list[str]
Words = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Moments = npt.NDArray[np.datetime64]
Maker = Callable[[Sequence[int]], "People"]

NAMED = ("first_name", "last_name", "gender", "email", "phone")
EMAIL_TROUBLE = ("email_hard_bounced_at", "email_marked_spam_at")


class People(NamedTuple):
    """Rows in COPY text, by column, and the second names: (index of the person, values)."""

    columns: dict[str, Texts]
    aliases: list[tuple[int, str, str]]
    devices: list[tuple[int, str]]


class Chance:
    """Repeatable chance: a number and a word always draw the same."""

    def __init__(self, kind: str, numbers: Sequence[int] | npt.NDArray[np.uint64]) -> None:
        self.kind = kind
        self.numbers = np.array(numbers, dtype=np.uint64)

    def bits(self, what: str) -> npt.NDArray[np.uint64]:
        """64 random-looking bits for each number (the finaliser of splitmix64)."""
        x = self.numbers * np.uint64(0x9E3779B97F4A7C15)
        x += np.uint64(crc32(f"{self.kind} {what}".encode()) * 0x100000001)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    def below(self, what: str, limit: int) -> Ints:
        """A whole number from 0 to ``limit`` - 1, each as likely."""
        return (self.bits(what) % np.uint64(limit)).astype(np.int64)

    def skewed(self, what: str, limit: int) -> Ints:
        """A whole number from 0 to ``limit`` - 1, the small ones far more likely."""
        return (self.fraction(what) ** 3 * limit).astype(np.int64)

    def fraction(self, what: str) -> npt.NDArray[np.float64]:
        """A number from 0 up to 1."""
        return (self.bits(what) >> np.uint64(11)) / np.float64(1 << 53)

    def happens(self, what: str, percent: float) -> npt.NDArray[np.bool_]:
        return self.fraction(what) < percent / 100

    def choose(self, what: str, shares: Mapping[Any, int]) -> Words:
        """One of the words of ``shares``, each as often as its share says."""
        table = np.repeat(np.array(list(shares), dtype=object), list(shares.values()))
        return table[self.below(what, len(table))]


def identified(numbers: Sequence[int]) -> People:
    """Make the users ``user-<number>``, some with an alias ``crm_id:crm-<number>``, some with the
    device ``phone-<number>``."""
    chance = Chance("user", numbers)
    homes = _homes(chance)
    columns = {
        "external_id": [f"user-{n}" for n in numbers],
        **_names(chance, homes["language"].tolist()),
        "phone": _where(chance.happens("phone", 60), _phones(chance, homes["calling_code"]), ""),
        "dob": _where(chance.happens("dob", 85), _birthdays(chance), NULL),
        "email_subscribe": chance.choose("email state", words.EMAIL_STATES).tolist(),
        "email_hard_bounced_at": _sometimes(chance, "bounced", 2),
        "email_marked_spam_at": _sometimes(chance, "spam", 0.3),
        "custom": _custom(chance),
        **_everyone(chance, homes),
    }
    return People(
        columns,
        aliases=[(i, "crm_id", f"crm-{numbers[i]}") for i in _which(chance, "alias", 20)],
        devices=[(i, f"phone-{numbers[i]}") for i in _which(chance, "device", 30)],
    )


def anonymous(numbers: Sequence[int]) -> People:
    """Make people of whom little but the device ``device-<number>`` is known."""
    chance = Chance("anonymous", numbers)
    logins = iso(_login(chance))
    columns = {
        "external_id": [NULL] * len(numbers),
        **{name: [""] * len(numbers) for name in NAMED},
        **{name: [NULL] * len(numbers) for name in ("dob", *EMAIL_TROUBLE)},
        "email_subscribe": ["subscribed"] * len(numbers),
        "custom": [f'{{"last_login":"{at}Z"}}' for at in logins],
        **_everyone(chance, _homes(chance)),
    }
    return People(columns, [], [(i, f"device-{n}") for i, n in enumerate(numbers)])


def _everyone(chance: Chance, homes: dict[str, Words]) -> dict[str, Texts]:
    # An ascending half and a drawn half, as in the ids of Braze: the index grows at its end.
    ids = zip(chance.numbers.tolist(), chance.bits("id").tolist(), strict=True)
    known = chance.happens("country", 95)
    return {
        "braze_id": [f"{n:08x}{half:016x}" for n, half in ids],
        "country": _where(known, homes["country"], ""),
        "language": homes["language"].tolist(),
        "home_city": _where(known & chance.happens("city", 80), homes["city"], ""),
        "time_zone": homes["time_zone"].tolist(),
        "push_subscribe": chance.choose("push state", words.PUSH_STATES).tolist(),
        "random_bucket": list(map(str, chance.below("bucket", RANDOM_BUCKETS).tolist())),
        "created_at": [f"{at}Z" for at in iso(created(chance))],
    }


def _homes(chance: Chance) -> dict[str, Words]:
    """Draw a place for each, as columns named for the fields of ``Place``."""
    shares = list(words.PLACES.values())
    drawn = np.repeat(np.arange(len(shares)), shares)[chance.below("place", sum(shares))]
    fields = zip(words.Place._fields, zip(*words.PLACES, strict=True), strict=True)
    return {name: np.array(values, dtype=object)[drawn] for name, values in fields}


def _names(chance: Chance, languages: Texts) -> dict[str, Texts]:
    gender = chance.choose("gender", words.GENDERS)
    she = (gender == "F") | ((gender != "M") & chance.happens("a woman's name", 50))
    lists = np.where(she, words.FEMALE, words.MALE).tolist()
    draws = chance.skewed("first name", 1 << 16).tolist()
    first = [
        _nth(words.NAMES[a][b], draw) for a, b, draw in zip(languages, lists, draws, strict=True)
    ]
    draws = chance.skewed("last name", 1 << 16).tolist()
    last = [_nth(words.NAMES[a][words.LAST], n) for a, n in zip(languages, draws, strict=True)]
    numbers = chance.numbers.tolist()
    domains = chance.choose("domain", words.MAIL_DOMAINS).tolist()
    emails = [
        f"{_ASCII[a]}.{_ASCII[b]}{n}@{domain}"
        for a, b, n, domain in zip(first, last, numbers, domains, strict=True)
    ]
    return {
        "gender": gender.tolist(),
        "first_name": first,
        "last_name": last,
        "email": _where(chance.happens("email", 92), emails, ""),
    }


def _nth(names: list[str], draw: int) -> str:
    return names[draw * len(names) >> 16]


def _phones(chance: Chance, codes: Words) -> Texts:
    # No network gives out numbers that begin with 000: nobody's telephone can ring.
    numbers = chance.below("phone number", 10_000_000).tolist()
    return [f"+{code}000{number:07}" for code, number in zip(codes, numbers, strict=True)]


def _birthdays(chance: Chance) -> Texts:
    days = 18 * 365 + chance.below("age", 30 * 365) + chance.below("age, more", 30 * 365)
    return np.datetime_as_string((EPOCH - days.astype("timedelta64[D]")).astype("M8[D]")).tolist()


def _custom(chance: Chance) -> Texts:
    """The custom attributes of each, as JSON; most people lack some."""
    values = {
        "beta_tester": (40, chance.choose("beta", {"true": 1, "false": 4}).tolist()),
        "lifetime_value": (70, [f"{n / 100:.2f}" for n in chance.skewed("value", 500_000)]),
        "logins": (90, list(map(str, chance.skewed("logins", 1000).tolist()))),
        "plan": (95, [f'"{plan}"' for plan in chance.choose("plan", words.PLANS)]),
        "interests": (60, [_INTERESTS[n] for n in chance.below("interests", 256).tolist()]),
        "last_login": (85, [f'"{at}Z"' for at in iso(_login(chance))]),
        "trial_ends": (35, [f'"{at}Z"' for at in iso(created(chance) + FORTNIGHT)]),
        "company": (45, _companies(chance)),
    }
    parts = [_part(chance, name, percent, texts) for name, (percent, texts) in values.items()]
    return [f"{{{''.join(row)[1:]}}}" for row in zip(*parts, strict=True)]


def _companies(chance: Chance) -> Texts:
    names = chance.choose("company", dict.fromkeys(words.COMPANIES, 1)).tolist()
    industries = chance.choose("industry", words.INDUSTRIES).tolist()
    sizes = chance.choose("employees", words.EMPLOYEES).tolist()
    return [
        f'{{"name":"{name}","industry":"{industry}","employees":{size}}}'
        for name, industry, size in zip(names, industries, sizes, strict=True)
    ]


def _part(chance: Chance, name: str, percent: int, values: Texts) -> Texts:
    had = chance.happens(f"has {name}", percent).tolist()
    return [f',"{name}":{value}' if has else "" for has, value in zip(had, values, strict=True)]


def _some_interests(drawn: int) -> str:
    chosen = [f'"{word}"' for bit, word in enumerate(words.INTERESTS) if drawn >> bit & 1]
    return f"[{','.join(chosen)}]"


def _ascii(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return decomposed.encode("ascii", "ignore").decode()


def created(chance: Chance) -> Moments:
    """When each profile was created."""
    return EPOCH - chance.below("created", TWO_YEARS).astype("timedelta64[s]")


def _login(chance: Chance) -> Moments:
    """A moment since each was created, more often a late one."""
    since = (EPOCH - created(chance)).astype(np.int64)
    return EPOCH - (since * chance.fraction("login") ** 3).astype("timedelta64[s]")


def iso(moments: Moments) -> Texts:
    """Write ``moments`` as ISO-8601, to the second, without a zone."""
    return np.datetime_as_string(moments, unit="s").tolist()


def _sometimes(chance: Chance, what: str, percent: float) -> Texts:
    moments = EPOCH - chance.below(what, TWO_YEARS // 4).astype("timedelta64[s]")
    return _where(chance.happens(f"has {what}", percent), iso(moments), NULL)


def _which(chance: Chance, what: str, percent: float) -> list[int]:
    return np.flatnonzero(chance.happens(what, percent)).tolist()


def _where(had: npt.NDArray[np.bool_], values: Any, otherwise: str) -> Texts:
    return np.where(had, np.array(values, dtype=object), otherwise).tolist()


_INTERESTS = [_some_interests(drawn) for drawn in range(256)]
_ASCII = {name: _ascii(name) for lists in words.NAMES.values() for list_ in lists for name in list_}
