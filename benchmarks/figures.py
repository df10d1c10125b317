"""What a benchmark gives, the table it is printed in and the file it is kept in."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LATEST = Path(__file__).with_name("latest.json")


@dataclass(frozen=True)
class Figure:
    """One measurement. Less is better for all of them.

    ``peers`` holds what others, or the floor, took for the same in the same run. ``target`` bounds
    the ratio to the best of them where ``target_is_ratio``, else our own figure.
    """

    name: str
    unit: str
    ours: float
    peers: dict[str, float] = field(default_factory=dict)
    target: float | None = None
    target_is_ratio: bool = False

    @property
    def ratio(self) -> float | None:
        return self.ours / min(self.peers.values()) if self.peers else None

    @property
    def verdict(self) -> str:
        """The target and whether it was met, in a few words."""
        measured = self.ratio if self.target_is_ratio else self.ours
        if self.target is None or measured is None:
            return ""
        bound = f"{self.target:g} x" if self.target_is_ratio else f"{self.target:g} {self.unit}"
        return f"{'within' if measured <= self.target else 'MISSES'} {bound}"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": _rounded(self.ours),
            "peers": {name: _rounded(value) for name, value in self.peers.items()},
            "ratio": None if self.ratio is None else _rounded(self.ratio),
        }


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


def table(figures: Sequence[Figure]) -> str:
    heads = ("name", "unit", "ours", "peers", "ratio", "target")
    rows = [heads, *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def save(figures: Sequence[Figure]) -> None:
    lines = ",\n".join(json.dumps(figure.as_json()) for figure in figures)
    LATEST.write_text(f"[\n{lines}\n]\n")


def _row(figure: Figure) -> tuple[str, ...]:
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in figure.peers.items())
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    return figure.name, figure.unit, f"{figure.ours:,.4g}", peers or "-", ratio, figure.verdict


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
