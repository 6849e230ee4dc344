"""What the baselines did when the promises were made (promises.md), and what to say where they differ here."""

from tests.load.bench.figures import Figures

BARE = 45_000
MEASURED = {"plain+redis": 3_250, "plain+db": 720, "plain+db (postgresql)": 660, "drf": 1_000}
"""Requests a second on one quiet core, with one token."""
_TOLERANCE = 1 / 3

_PAGE_BYTES = 6_000

DIFFERENCES = {
    "plain+redis": "a page for each of a thousand branches rather than one",
    "plain+db": "pages of a thousand branches rather than one",
    "plain+db (postgresql)": "pages of a thousand branches rather than one, PostgreSQL on another core",
    "drf": "a page for each of ten thousand tokens rather than one, in Redis",
}
"""Between this measurement and the design's, which played one token, besides the size of the page."""


def explanations(figures: Figures, page_bytes: int | None) -> dict[str, str]:
    """What is to be said beside each baseline whose ratio to `bare` is off by more than a third from the design's own.

    `page_bytes` is the size of the page that was sent here.
    """
    bare = figures.get("bare")
    if bare is None:
        return {}
    said = {}
    for name, designed in MEASURED.items():
        if name not in figures:
            continue
        off = figures[name].over(bare).median / (designed / BARE) - 1
        if abs(off) > _TOLERANCE:
            size = f", a page of {page_bytes / 1000:.1f} KB rather than {_PAGE_BYTES / 1000:.0f}" if page_bytes else ""
            said[name] = f"{off:+.0%}. Besides the machine: {DIFFERENCES[name]}{size}"
    return said
