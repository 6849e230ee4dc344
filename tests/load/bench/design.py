"""What the baselines did when the promises were made (promises.md), and what to say where they differ here."""

from tests.load.bench.figures import Figures

BARE = 45_000
MEASURED = {"plain+redis": 3_250, "plain+db": 720, "plain+db (postgresql)": 660, "drf": 1_000}
"""Requests a second on one quiet core, with one token."""
_TOLERANCE = 1 / 3

_PAGE = "a page of 10 KB rather than 6"
DIFFERENCES = {
    "plain+redis": f"a page for each of a thousand branches rather than one, {_PAGE}",
    "plain+db": f"pages of a thousand branches rather than one, {_PAGE}",
    "plain+db (postgresql)": f"pages of a thousand branches rather than one, {_PAGE}, PostgreSQL on another core",
    "drf": f"a page for each of ten thousand tokens rather than one, in Redis, {_PAGE}",
}
"""Between this measurement and the design's, which played one token."""


def explanations(figures: Figures) -> list[str]:
    """A line for each baseline whose ratio to `bare` is off by more than a third from the design's own."""
    bare = figures.get("bare")
    if bare is None:
        return []
    lines = []
    for name, designed in MEASURED.items():
        if name not in figures:
            continue
        here, there = figures[name].over(bare).median, designed / BARE
        if abs(here / there - 1) > _TOLERANCE:
            lines.append(
                f"{name} is {here:.4f} of bare here and was {there:.4f} in the design ({here / there - 1:+.0%}). "
                f"What differs besides the machine: {DIFFERENCES[name]}"
            )
    return lines
