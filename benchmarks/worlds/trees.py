"""The segments that benchmarks ask about, as they are stored."""

from collections.abc import Sequence
from typing import Any

Leaf = dict[str, Any]

# fmt: off
COUNTRIES = (
    "US", "FR", "GB", "DE", "CA", "ES", "MX", "BR", "PT", "IT", "BE", "NL", "CH", "AU", "JP",
)
# fmt: on


def leaf(key: str, operator: str, *value: Any) -> Leaf:
    return {"filter": key, "operator": operator, "value": list(value)}


def group(*filters: Leaf, join: str = "all") -> dict[str, Any]:
    return {"join": join, "filters": list(filters)}


def in_any(cohorts: Sequence[int]) -> Leaf:
    return leaf("cohort:heap", "includes_any", *map(str, cohorts))


def five_leaves(cohort: int) -> dict[str, Any]:
    """The tree that is compared: those of a cohort in three countries who spend or are curious,
    except whom no e-mail reaches.
    """
    return {
        "join": "all",
        "groups": [
            group(in_any([cohort]), leaf("country", "any_of", "US", "FR", "GB")),
            group(
                leaf("custom_number:lifetime_value", "more", 1000),
                leaf("custom_array:interests", "includes_any", "design", "reporting"),
                join="any",
            ),
        ],
        "exclusions": [group(leaf("email_available", "false"), join="any")],
    }
