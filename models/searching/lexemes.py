"""What of a document is indexed, and what is asked of it, in words that both databases compare byte by byte.

A lexeme is a letter for where a word stands, and the word: `t` the title, `f` all of it, folded; `T` and `E` the same
with their tones; `n` the number of a document. `c` names a channel, `k` and what follows it a filter, `b` a stretch of
numbers of documents, for PostgreSQL to look among the newest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from content.searching import Query, Term, Word, words_of
from content.text import words as folded_words

STRETCH = 4_096
"""Documents of one `b`."""


class Tier(IntEnum):
    """What is found is ranked by the first of these that it fulfils, the greatest first, and then the newest first."""

    ALL_WORDS = 1
    PHRASE = 2
    IN_TITLE = 3
    ALL_EXACT = 4
    PHRASE_EXACT = 5
    IN_TITLE_EXACT = 6
    NUMBER = 7


@dataclass(frozen=True, slots=True)
class Lexemes:
    """`running` are read one after the other, so that what stands together is found together."""

    running: Sequence[Sequence[str]]
    single: Sequence[str]


def lexemes_of(
    title: str, number: str, text: str, channel: tuple[int, int], filters: Mapping[str, Iterable[str]]
) -> Lexemes:
    """`number` is that of an official document; `filters` are values by name."""
    in_title, in_number = words_of(title), words_of(number)
    everything = [*in_title, *in_number, *words_of(text)]
    running = [
        [f"t{word.folded}" for word in in_title],
        [f"T{word.exact}" for word in in_title],
        [f"n{word.folded}" for word in in_number],
        [f"f{word.folded}" for word in everything],
        [f"E{word.exact}" for word in everything if word.exact != word.folded],
    ]
    single = [channel_lexeme(*channel)]
    single += [filter_lexeme(name, value) for name, values in filters.items() for value in values]
    return Lexemes(running, single)


def channel_lexeme(branch_no: int, who: int) -> str:
    return f"c{branch_no}x{who + 1}"


def filter_lexeme(name: str, value: str) -> str:
    return f"k{name}x{'x'.join(folded_words(value))}"


def stretch_lexeme(no: int) -> str:
    return f"b{no // STRETCH}"


# What is asked is a tree, which each database is told in its own words.


@dataclass(frozen=True, slots=True)
class Phrase:
    lexemes: tuple[str, ...]
    is_begun: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    of: tuple["Asked", ...]


@dataclass(frozen=True, slots=True)
class Every:
    of: tuple["Asked", ...]


Asked = Phrase | Either | Every


def asked(query: Query) -> dict[Tier, Asked]:
    """The tiers that can be fulfilled: without tones in what was typed there is nothing exact about it."""
    whole = query.whole
    tiers: dict[Tier, Asked] = {
        Tier.NUMBER: _phrase("n", whole.words, whole.is_begun),
        Tier.IN_TITLE: Every(tuple(_folded("t", term) for term in query.terms)),
        Tier.ALL_WORDS: Every(tuple(_folded("f", term) for term in query.terms)),
    }
    if len(whole.words) > 1:
        tiers[Tier.PHRASE] = _phrase("f", whole.words, whole.is_begun)
    if any(word.exact != word.folded for word in whole.words):
        tiers[Tier.IN_TITLE_EXACT] = Every(tuple(_exact("T", term) for term in query.terms))
        with_tones = tuple(each for term in query.terms for each in _with_tones(term))
        tiers[Tier.ALL_EXACT] = Every((tiers[Tier.ALL_WORDS], *with_tones))
        if len(whole.words) > 1:
            tiers[Tier.PHRASE_EXACT] = Every((tiers[Tier.PHRASE], tiers[Tier.ALL_EXACT]))
    return tiers


def _phrase(place: str, words: Sequence[Word], is_begun: bool) -> Phrase:
    return Phrase(tuple(place + word.folded for word in words), is_begun)


def _folded(place: str, term: Term) -> Asked:
    phrase = _phrase(place, term.words, term.is_begun)
    if not term.split:
        return phrase
    return Either((phrase, Phrase(tuple(place + syllable for syllable in term.split), term.is_begun)))


def _exact(place: str, term: Term) -> Asked:
    return Phrase(tuple(place + word.exact for word in term.words), term.is_begun)


def _with_tones(term: Term) -> list[Asked]:
    """Of a term the words that have tones: those without are the same in both forms."""
    last = len(term.words) - 1
    return [
        Phrase((f"E{word.exact}",), term.is_begun and place == last)
        for place, word in enumerate(term.words)
        if word.exact != word.folded
    ]


def to_tsvector(lexemes: Lexemes, no: int) -> str:
    """As PostgreSQL reads a tsvector. Words are letters and digits alone: nothing in them need be escaped."""
    places: dict[str, list[int]] = {}
    for run in lexemes.running:
        for place, lexeme in enumerate(run, 1):
            places.setdefault(lexeme, []).append(place)
    written = [f"'{lexeme}':{','.join(map(str, at[:_PLACES_MOST]))}" for lexeme, at in places.items()]
    written += [f"'{lexeme}'" for lexeme in (*lexemes.single, stretch_lexeme(no))]
    return " ".join(written)


_PLACES_MOST = 255
"""Of one lexeme, that PostgreSQL keeps."""


def to_text(lexemes: Lexemes) -> str:
    """For FTS5: a lexeme between the parts, so that no phrase reaches from one into the next."""
    return " x ".join([" ".join(run) for run in lexemes.running] + list(lexemes.single))


def to_tsquery(tree: Asked) -> str:
    match tree:
        case Phrase(lexemes, is_begun):
            return "(" + " <-> ".join(f"'{each}'" for each in lexemes) + (":*" if is_begun else "") + ")"
        case Either(of):
            return "(" + " | ".join(map(to_tsquery, of)) + ")"
        case Every(of):
            return "(" + " & ".join(map(to_tsquery, of)) + ")"


def to_match(tree: Asked) -> str:
    """For FTS5."""
    match tree:
        case Phrase(lexemes, is_begun):
            return '"' + " ".join(lexemes) + '"' + (" *" if is_begun else "")
        case Either(of):
            return "(" + " OR ".join(map(to_match, of)) + ")"
        case Every(of):
            return "(" + " AND ".join(map(to_match, of)) + ")"
