"""Two hundred different notices of real notices' lengths, for measuring bytes.

Seeded, and filled word by word from the wide vocabulary of corpus.txt, with names, places, dates and sums of their own:
what compression gains here it gains on what secretaries write. Repeated paragraphs would flatter it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import exp, log
from pathlib import Path
from random import Random
from statistics import NormalDist

NOTICES = 200
MEDIAN, P95 = 900, 4_000
"""Characters of a notice's text (promises.md)."""
_SEED = 2026
_SPREAD = log(P95 / MEDIAN) / NormalDist().inv_cdf(0.95)  # of the logarithms: lengths are log-normal
_LEAST, _MOST = 120, 9_000
_CLOSE = 85  # characters by which a text may miss its length: less than a sentence
_SOURCE = Path(__file__).with_suffix(".txt")
_SLOT = re.compile(r"\{([A-Za-z]+)\d?\}")
_EITHER = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Text:
    """`body` is Markdown."""

    title: str
    body: str


def corpus() -> Sequence[Text]:
    """The same ones each time."""
    rng = Random(_SEED)
    return [Text(_title(rng), _body(rng, length)) for length in _lengths(rng)]


def texts(count: int, *, seed: int, short: bool = False) -> Iterator[Text]:
    """More of the same kind; `short` ones have titles alone."""
    rng = Random(seed)
    spread = NormalDist(log(MEDIAN), _SPREAD)
    for _ in range(count):
        length = round(min(max(exp(spread.inv_cdf(rng.uniform(0.01, 0.99))), _LEAST), _MOST))
        yield Text(_title(rng), "" if short else _body(rng, length))


def _lengths(rng: Random) -> list[int]:
    """Spread evenly over the distribution, so that median and percentile are met however few they are."""
    deviations = [NormalDist().inv_cdf((number + 0.5) / NOTICES) for number in range(NOTICES)]
    found = [round(min(max(MEDIAN * exp(_SPREAD * one), _LEAST), _MOST)) for one in deviations]
    rng.shuffle(found)
    return found


@cache
def _words() -> Mapping[str, Sequence[str]]:
    """The sections of corpus.txt. In a pattern `[a|b]` is one or the other and `{slot}` a word, another each time."""
    sections: dict[str, Sequence[str]] = {}
    name = ""
    lines = filter(None, _SOURCE.read_text(encoding="utf-8").splitlines()[1:])
    for is_name, group in groupby(lines, lambda line: line.startswith("# ")):
        if is_name:
            name = next(group).removeprefix("# ")
        elif name in {"sentences", "titles"}:
            sections[name] = list(group)
        else:
            parts = " ".join(group).split(";" if name == "sayings" else ",")
            sections[name] = [part.strip() for part in parts]
    return sections


def _title(rng: Random) -> str:
    return _filled(rng, rng.choice(_words()["titles"]))[:150]


def _body(rng: Random, length: int) -> str:
    """Paragraphs, lists, headings and now and then a table, until it is so long."""
    parts: list[str] = []
    while (missing := length - len("\n\n".join(parts))) > _CLOSE:
        kind = rng.random()
        if kind < 0.12 and missing > 500:
            parts.append(f"## {_title(rng)}")
        elif kind < 0.32 and missing > 400:
            parts.append("\n".join(f"{mark} {_sentence(rng)}" for mark in _marks(rng)))
        elif kind < 0.37 and missing > 700:
            parts.append(_table(rng))
        else:
            parts.append(_paragraph(rng, min(missing, rng.randint(150, 600))))
    return "\n\n".join(parts)


def _paragraph(rng: Random, length: int) -> str:
    said: list[str] = []
    while not said or len(" ".join(said)) < length - _CLOSE / 2:
        said.append(_sentence(rng))
    if rng.random() < 0.2:
        said[-1] = f"**{said[-1]}**"
    return " ".join(said)


def _marks(rng: Random) -> Iterator[str]:
    count = rng.randint(2, 5)
    return (f"{number}." for number in range(1, count + 1)) if rng.random() < 0.4 else iter("-" * count)


def _table(rng: Random) -> str:
    rows = [_filled(rng, "| {do} {thing} | {person} | {day} |") for _ in range(rng.randint(2, 5))]
    return "\n".join(["| Việc | Người làm | Xong trước |", "| --- | --- | --- |", *rows])


def _sentence(rng: Random) -> str:
    return _filled(rng, rng.choice(_words()["sentences"]))


def _filled(rng: Random, pattern: str) -> str:
    def fill(found: re.Match[str]) -> str:
        slot = found[1]
        said = _SLOTS[slot.lower()](rng)
        return said[:1].upper() + said[1:] if slot[0].isupper() else said

    chosen = _EITHER.sub(lambda found: rng.choice(found[1].split("|")), pattern)
    return _SLOT.sub(fill, chosen)


def _one(rng: Random, section: str) -> str:
    return rng.choice(_words()[section])


def _amid(rng: Random, before: str, word: str, after: str | None = None) -> str:
    """Most often with a small word or two around it, as speech has them."""
    first = _one(rng, before) if rng.random() < 0.6 else ""
    last = _one(rng, after) if after and rng.random() < 0.4 else ""
    return " ".join(filter(None, (first, word, last)))


def _noun(rng: Random) -> str:
    return _amid(rng, "noun before", _one(rng, "nouns"), "noun after")


def _trait(rng: Random) -> str:
    return _amid(rng, "trait before", _one(rng, "traits"))


def _thing(rng: Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return _amid(rng, "noun before", _one(rng, "things"), "noun after")
    if kind == 1:
        return f"{_noun(rng)} {_trait(rng)}"
    if kind == 2:
        return f"{_noun(rng)}, {_noun(rng)} {_one(rng, 'and')} {_noun(rng)}"
    return f"{_noun(rng)} {_one(rng, 'of')} {_one(rng, 'who')}"


def _do(rng: Random) -> str:
    verb = _one(rng, "do")
    begun = verb if rng.random() < 0.6 else f"{_one(rng, 'before')} {verb}"
    return _amid(rng, "verb before", begun, "verb after")


def _like(rng: Random) -> str:
    kind = rng.randrange(3)
    if kind == 0:
        return _one(rng, "like")
    return _trait(rng) if kind == 1 else f"{_trait(rng)} {_one(rng, 'and')} {_trait(rng)}"


def _gain(rng: Random) -> str:
    return _one(rng, "gains") if rng.random() < 0.5 else f"{_noun(rng)} {_trait(rng)} hơn"


def _but(rng: Random) -> str:
    return _one(rng, "but") if rng.random() < 0.5 else f"{_noun(rng)} {_trait(rng)}"


def _how(rng: Random) -> str:
    return _one(rng, "how") if rng.random() < 0.5 else f"một cách {_trait(rng)}"


def _person(rng: Random) -> str:
    name = f"{_one(rng, 'family')} {_one(rng, 'middle')} {_one(rng, 'given')}"
    return name if rng.random() < 0.8 else f"{name} (máy lẻ {rng.randint(100, 999)})"


def _place(rng: Random) -> str:
    return f"{_one(rng, 'place kinds')} {_one(rng, 'place first')} {_one(rng, 'place second')}"


def _day(rng: Random) -> str:
    date = f"ngày {rng.randint(1, 28)}/{rng.randint(1, 12)}"
    return date if rng.random() < 0.6 else f"{_one(rng, 'days')}, {date}"


_SLOTS: Mapping[str, Callable[[Random], str]] = {
    "do": _do,
    "thing": _thing,
    "like": _like,
    "who": lambda rng: _one(rng, "who"),
    "how": _how,
    "gain": _gain,
    "but": _but,
    "unit": lambda rng: _one(rng, "units"),
    "saying": lambda rng: _one(rng, "sayings"),
    "person": _person,
    "place": _place,
    "day": _day,
    "hour": lambda rng: f"{rng.randint(6, 21)} giờ{rng.choice(('', '', ' 15', ' 30', ' 45'))}",
    "when": lambda rng: f"{_one(rng, 'moments')} {_day(rng)}",
    "money": lambda rng: f"{rng.randint(1, 99)}.{rng.randint(1, 9)}00.000 đồng",
    "n": lambda rng: str(rng.randint(2, 480)),
    "percent": lambda rng: f"{rng.randint(30, 99)},{rng.randint(0, 9)}%",
}
