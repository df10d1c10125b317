"""What a benchmark gives, the table it is printed in and the files it is kept in.

``benchmarks/latest.json`` has the last run; ``docs/benchmarks.md`` a section for each size.
"""

import json
import math
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

LATEST = Path(__file__).parent.parent / "latest.json"
DOCS = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
HEADS = ("name", "unit", "ours", "peers", "ratio", "target", "note")
INTRODUCTION = """# Benchmarks

Written by `make bench`. What is measured and how stands at the top of each module of `benchmarks/`.
Less is better. A ratio is what we take to what the best peer takes; only that of
`audience_warm_5_leaves` is the other way round: how many times faster we are than the best peer.
"""


@dataclass(frozen=True)
class Figure:
    """One measurement. Less is better for all of them.

    ``peers`` holds what others, or the floor, took for the same in the same run; ``ratio`` is ours
    to the best of them, or with ``speedup`` the best of them to ours. ``target`` bounds the ratio
    where ``target_is_ratio``, else our own figure: at most that, of a speed-up at least.
    """

    name: str
    unit: str
    ours: float
    peers: dict[str, float] = field(default_factory=dict)
    target: float | None = None
    target_is_ratio: bool = False
    speedup: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        if not self.peers:
            return None
        best = min(self.peers.values())
        return best / self.ours if self.speedup else self.ours / best

    @property
    def verdict(self) -> str:
        """The target and whether it was met, in a few words."""
        measured = self.ratio if self.target_is_ratio else self.ours
        if self.target is None or measured is None:
            return ""
        bound = f"{self.target:g} x" if self.target_is_ratio else f"{self.target:g} {self.unit}"
        if self.speedup:
            return f"{'over' if measured >= self.target else 'MISSES'} {bound}"
        return f"{'within' if measured <= self.target else 'MISSES'} {bound}"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": _rounded(self.ours),
            "peers": {name: _rounded(value) for name, value in self.peers.items()},
            "ratio": None if self.ratio is None else _rounded(self.ratio),
            "target": self.verdict,
            "note": self.note,
        }


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


def table(figures: Sequence[Figure]) -> str:
    """Lay ``figures`` out for a terminal."""
    rows = [HEADS, *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def save(figures: Sequence[Figure], users: int, versions: dict[str, str]) -> None:
    """Keep a whole run: the last one as JSON, and the section of its size on the page.

    ``versions`` names what was measured, and against what.
    """
    lines = ",\n".join(json.dumps(figure.as_json()) for figure in figures)
    LATEST.write_text(f"[\n{lines}\n]\n")
    before = DOCS.read_text() if DOCS.exists() else ""
    DOCS.write_text(page(before, users, section(figures, users, versions)))


def page(before: str, users: int, new: str) -> str:
    """Return the page ``before`` with the section of ``users`` users made ``new``."""
    sections = dict(re.findall(r"^## ([\d,]+) users\n(.*?)(?=^## |\Z)", before, re.M | re.S))
    sections[f"{users:,}"] = new
    sizes = sorted(sections, key=lambda size: int(size.replace(",", "")))
    parts = [INTRODUCTION, *(f"## {size} users\n\n{sections[size].strip()}\n" for size in sizes)]
    return "\n".join(parts)


def section(figures: Sequence[Figure], users: int, versions: dict[str, str]) -> str:
    """Return the section of one run: when, where, how, and the numbers."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    facts = [
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Machine: {machine()}",
        f"- Versions: {named}",
        f"- Command: `make bench PROFILES={users}`",
    ]
    rows = [HEADS, ("---",) * len(HEADS), *map(_row, figures)]
    cells = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    return "\n".join([*facts, "", *cells])


def machine() -> str:
    """Name this machine: processor, how many, memory, system."""
    cpus = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", cpus.read_text()) if cpus.exists() else None
    name = found[1] if found else platform.processor() or platform.machine()
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} x {name}, {memory:.0f} GB, {platform.system()}"


def _row(figure: Figure) -> tuple[str, ...]:
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in figure.peers.items())
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    shown = (figure.name, figure.unit, f"{figure.ours:,.4g}", peers or "-", ratio)
    return (*shown, figure.verdict, figure.note)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
