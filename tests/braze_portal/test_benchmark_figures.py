"""The page of benchmarks keeps a section for each size."""

from benchmarks.worlds.figures import INTRODUCTION, Figure, page


def test_page_adds_a_section_and_orders_by_size() -> None:
    large = page("", 5_000_000, "five")
    assert page(large, 1_000_000, "one") == (
        f"{INTRODUCTION}\n## 1,000,000 users\n\none\n\n## 5,000,000 users\n\nfive\n"
    )


def test_page_replaces_only_its_own_section() -> None:
    both = page(page("", 5_000_000, "five"), 1_000_000, "one")
    assert page(both, 1_000_000, "new") == both.replace("one", "new")


def test_verdict_of_a_speedup_is_over_its_target() -> None:
    figure = Figure("f", "ms", 2, {"a": 50, "b": 60}, 20, target_is_ratio=True, speedup=True)
    assert (figure.ratio, figure.verdict) == (25, "over 20 x")


def test_verdict_of_a_slow_figure_misses_its_target() -> None:
    figure = Figure("f", "ms", 200, {"a": 50}, 2.5, target_is_ratio=True)
    assert (figure.ratio, figure.verdict) == (4, "MISSES 2.5 x")
