"""What of a document is indexed, and what is asked of it, in words that both databases compare byte by byte.

A lexeme is a letter for where a word stands, and the word: `t` the title, `f` all of it, folded; `T` and `E` the same
with their tones; `n` the number of a document. `i` and `s` are the two letters with which a word of the title, and any
word, begins. `p` is two folded words that stand together: what stands together is found by its pairs, since to look at
places takes both databases many times as long as to look at words. `c` names a channel, `k` and what follows it a
filter, `b` a stretch of numbers of documents, for PostgreSQL to look among the newest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from content.searching import Query, Term, Word, words_of
from content.text import words as folded_words

STRETCH = 4_096
"""Documents of one `b`."""


_LETTERS = 2
_BEGINNINGS = {"t": "i", "f": "s"}
"""So many words begin with the same two letters that to bring them together takes longer than everything else."""


class Tier(IntEnum):
    """What is found is ranked by the first of these that it fulfils, the greatest first, and then the newest first."""

    ALL_WORDS = 1
    PHRASE = 2
    IN_TITLE = 3
    ALL_EXACT = 4
    PHRASE_EXACT = 5
    IN_TITLE_EXACT = 6
    NUMBER = 7


def lexemes_of(
    title: str, number: str, text: str, channel: tuple[int, int], filters: Mapping[str, Iterable[str]]
) -> list[str]:
    """Each once. `number` is that of an official document; `filters` are values by name."""
    in_title, in_number, in_text = words_of(title), words_of(number), words_of(text)
    everything = [*in_title, *in_number, *in_text]
    found = [
        *(f"t{word.folded}" for word in in_title),
        *(f"T{word.exact}" for word in in_title if word.exact != word.folded),
        *(f"n{word.folded}" for word in in_number),
        *(f"f{word.folded}" for word in everything),
        *(f"i{word.folded[:_LETTERS]}" for word in in_title if len(word.folded) >= _LETTERS),
        *(f"s{word.folded[:_LETTERS]}" for word in everything if len(word.folded) >= _LETTERS),
        *(f"E{word.exact}" for word in everything if word.exact != word.folded),
        *(pair for part in (in_title, in_number, in_text) for pair in _pairs([word.folded for word in part])),
        channel_lexeme(*channel),
        *(filter_lexeme(name, value) for name, values in filters.items() for value in values),
    ]
    return list(dict.fromkeys(found))


def _pairs(words: Sequence[str]) -> list[str]:
    return [f"p{one}0{other}" for one, other in pairwise(words)]


def channel_lexeme(branch_no: int, who: int) -> str:
    return f"c{branch_no}x{who + 1}"


def filter_lexeme(name: str, value: str) -> str:
    return f"k{name}x{'x'.join(folded_words(value))}"


def stretch_lexeme(no: int) -> str:
    return f"b{no // STRETCH}"


# What is asked is a tree, which each database is told in its own words.


@dataclass(frozen=True, slots=True)
class Lexeme:
    """`is_begun`: whatever begins with it."""

    name: str
    is_begun: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    of: tuple["Asked", ...]


@dataclass(frozen=True, slots=True)
class Every:
    of: tuple["Asked", ...]


Asked = Lexeme | Either | Every


def asked(query: Query) -> dict[Tier, Asked]:
    """The tiers that can be fulfilled: without tones in what was typed there is nothing exact about it."""
    whole = query.whole
    together = Every(tuple(_together(whole)))
    tiers: dict[Tier, Asked] = {
        Tier.NUMBER: Every((_words("n", whole), *together.of)),
        Tier.IN_TITLE: Every(tuple(_folded("t", term) for term in query.terms)),
        Tier.ALL_WORDS: Every(tuple(_folded("f", term) for term in query.terms)),
    }
    if together.of:
        tiers[Tier.PHRASE] = together
    if any(word.exact != word.folded for word in whole.words):
        in_title = tuple(_exact("T", "t", term) for term in query.terms)
        tiers[Tier.IN_TITLE_EXACT] = Every((tiers[Tier.IN_TITLE], *in_title))
        in_text = tuple(_exact("E", "f", term) for term in query.terms)
        tiers[Tier.ALL_EXACT] = Every((tiers[Tier.ALL_WORDS], *in_text))
        if together.of:
            tiers[Tier.PHRASE_EXACT] = Every((together, tiers[Tier.ALL_EXACT]))
    return tiers


def _words(place: str, term: Term) -> Every:
    last = len(term.words) - 1
    return Every(
        tuple(_word(place, word.folded, is_begun=term.is_begun and at == last) for at, word in enumerate(term.words))
    )


def _word(place: str, said: str, *, is_begun: bool) -> Lexeme:
    if is_begun and len(said) == _LETTERS and place in _BEGINNINGS:
        return Lexeme(_BEGINNINGS[place] + said)
    return Lexeme(place + said, is_begun)


def _together(term: Term) -> list[Asked]:
    pairs = _pairs([word.folded for word in term.words])
    return [Lexeme(pair, term.is_begun and at == len(pairs) - 1) for at, pair in enumerate(pairs)]


def _folded(place: str, term: Term) -> Asked:
    """The term's words in a place, and together; or as they may have been meant that were typed without blanks."""
    said = Every((_words(place, term), *_together(term)))
    if not term.split:
        return said
    split = Term(tuple(Word(syllable, syllable) for syllable in term.split), term.is_begun)
    return Either((said, Every((_words(place, split), *_together(split)))))


def _exact(place: str, plain: str, term: Term) -> Every:
    """Its words with their tones: those without are the same in both forms."""
    last = len(term.words) - 1
    forms = [(place, word.exact) if word.exact != word.folded else (plain, word.folded) for word in term.words]
    return Every(tuple(_word(*form, is_begun=term.is_begun and at == last) for at, form in enumerate(forms)))


def to_tsvector(lexemes: Iterable[str], no: int) -> str:
    """As PostgreSQL reads a tsvector. Words are letters and digits alone: nothing in them need be escaped."""
    return " ".join(f"'{lexeme}'" for lexeme in (*lexemes, stretch_lexeme(no)))


def to_text(lexemes: Iterable[str]) -> str:
    """For FTS5."""
    return " ".join(lexemes)


def to_tsquery(tree: Asked) -> str:
    match tree:
        case Lexeme(name, is_begun):
            return f"'{name}'{':*' if is_begun else ''}"
        case Either(of):
            return "(" + " | ".join(map(to_tsquery, of)) + ")"
        case Every(of):
            return "(" + " & ".join(map(to_tsquery, of)) + ")"


def to_match(tree: Asked) -> str:
    """For FTS5."""
    match tree:
        case Lexeme(name, is_begun):
            return f'"{name}"{" *" if is_begun else ""}'
        case Either(of):
            return "(" + " OR ".join(map(to_match, of)) + ")"
        case Every(of):
            return "(" + " AND ".join(map(to_match, of)) + ")"
