"""Finding text as people type it: without regard to tones and case, though those who type tones come first.

A text is a sequence of words, each in two forms: as it is written in small letters, and folded. Whatever is joined by
signs, such as ``57-NQ/TW``, is words that stand next to each other.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from content.malformed import Malformed
from content.text import clean, fold, nfc

QUERY_MOST = 200
"""Characters of a query."""
TERMS_MOST = 8
TEXT_MOST = 30_000
"""Characters of a text that can be found."""
WORD_MOST = 128
_FOLDED_MOST = 250
"""Characters of a word: PostgreSQL holds none of more than 2,046 bytes, two of which may stand together, and folding
takes some characters apart; nobody types one.
"""
SNIPPET_MOST = 180
_HIGHLIGHTS_MOST = 20
_LOOKED_INTO = 8_000
"""Characters of a text in which what was found is looked for to be shown."""
_PREFIX_LEAST = 2
_WORD = re.compile(r"[^\W_]+")
_CHUNK = re.compile(r'"([^"]*)"?|(\S+)')
_QUOTES = str.maketrans("“”„«»", '"""""')
_ONSET = r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnprstvx])?"
_SYLLABLE = re.compile(_ONSET + r"[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?")
_SYLLABLE_MOST = 7


class Word(NamedTuple):
    """`exact` in small letters with its tones, `folded` without."""

    exact: str
    folded: str


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand next to each other, of which the last may only be begun. `split` is how a word may have been
    meant that was typed without blanks.
    """

    words: tuple[Word, ...]
    is_begun: bool = False
    split: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """`whole` are the words of all terms in order, as one phrase."""

    terms: tuple[Term, ...]

    @property
    def whole(self) -> Term:
        return Term(tuple(word for term in self.terms for word in term.words), self.is_begun)

    @property
    def is_begun(self) -> bool:
        """May the last word go on?"""
        return self.terms[-1].is_begun

    @property
    def ended(self) -> "Query":
        """As if the last word were all there."""
        return Query((*self.terms[:-1], replace(self.terms[-1], is_begun=False)))


class Range(NamedTuple):
    """Characters (code points), from 0."""

    start: int
    length: int


def words_of(text: str) -> list[Word]:
    """In their order; of at most TEXT_MOST characters."""
    return [_word(found[:WORD_MOST]) for found in _WORD.findall(nfc(text[:TEXT_MOST]))]


@lru_cache(maxsize=65_536)
def _word(written: str) -> Word:
    return Word(written.lower(), fold(written)[:_FOLDED_MOST])


def parse_query(typed: str) -> Query:
    """What somebody is looking for. All terms must be found; what is in quotation marks stands together, and the last
    word may be begun only, unless a blank or a quotation mark follows it.

    Raises Malformed ``search.nothing`` (no word in it), ``search.too_long``, and what `clean` raises.
    """
    if len(typed) > QUERY_MOST:
        raise Malformed("search.too_long", limit=QUERY_MOST)
    is_ended = typed != typed.rstrip()
    text = clean(typed).translate(_QUOTES)
    terms: list[Term] = []
    for found in _CHUNK.finditer(text):
        quoted, plain = found.groups()
        words = tuple(words_of(quoted if plain is None else plain))
        is_begun = plain is not None and found.end() == len(text) and not is_ended
        if is_begun and words and len(words[-1].folded) < _PREFIX_LEAST:
            # one letter of the word that is being typed says nothing yet, unless nothing else is there
            is_begun, words = False, words[:-1] or (() if terms else words)
        if words:
            terms.append(Term(words, is_begun, _syllables(words[0].folded) if len(words) == 1 else ()))
    if not terms:
        raise Malformed("search.nothing")
    return Query(tuple(terms[:TERMS_MOST]))


def _syllables(word: str) -> tuple[str, ...]:
    """``nghi quyet`` of ``nghiquyet``: the fewest syllables that a word can be read as, if it is more than one."""
    if len(word) <= _SYLLABLE_MOST and _SYLLABLE.fullmatch(word):
        return ()
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, min(len(word), 40) + 1):
        for start in range(max(0, end - _SYLLABLE_MOST), end):
            before = best.get(start)
            if before is not None and _SYLLABLE.fullmatch(word, start, end):
                found = (*before, word[start:end])
                if end not in best or len(found) < len(best[end]):
                    best[end] = found
    return best.get(len(word), ())


class _Flat(dict[int, str | int]):
    """For `str.translate`: each character without its marks, one for one, so that places stay the same."""

    def __missing__(self, point: int) -> str | int:
        folded = fold(chr(point))
        self[point] = folded if len(folded) == 1 else (" " if chr(point).isspace() else chr(point).lower()[:1])
        return self[point]


_FLAT = _Flat()


def highlights(text: str, query: Query) -> list[Range]:
    """Where a text says what was looked for, in order; where its tones are those that were typed, these alone."""
    ranges: list[Range] = []
    form, patterns = _form(text, query)
    for start, end in sorted(match.span() for pattern in patterns for match in pattern.finditer(form)):
        if not ranges or start >= ranges[-1].start + ranges[-1].length:
            ranges.append(Range(start, end - start))
    return ranges[:_HIGHLIGHTS_MOST]


def _form(text: str, query: Query) -> tuple[str, list[re.Pattern[str]]]:
    """The text as it is compared, with its tones if it says every term with those that were typed, and what of the
    query is in it.
    """
    small = text.lower()
    exact = [_pattern(tuple(word.exact for word in term.words), term.is_begun) for term in query.terms]
    # a character that grows when it is made small would shift all places after it
    if len(small) == len(text) and all(pattern.search(small) for pattern in exact):
        return small, exact
    flat = text.translate(_FLAT)
    folded = [_pattern(tuple(word.folded for word in term.words), term.is_begun) for term in query.terms]
    split = [_pattern(term.split, term.is_begun) for term in query.terms if term.split]
    return flat, [pattern for pattern in (*folded, *split) if pattern.search(flat)]


@lru_cache(maxsize=2_048)
def _pattern(words: tuple[str, ...], is_begun: bool) -> re.Pattern[str]:
    end = r"[^\W_]*" if is_begun else r"(?![^\W_])"
    return re.compile(r"(?<![^\W_])" + r"[\W_]+".join(map(re.escape, words)) + end)


class Snippet(NamedTuple):
    text: str
    highlights: list[Range]


def snippet(text: str, query: Query) -> Snippet:
    """At most SNIPPET_MOST characters around the first place that says what was looked for, else the beginning; one
    line, and "…" where something was left out.
    """
    line = " ".join(text[:_LOOKED_INTO].split())
    form, patterns = _form(line, query)
    places = [match.start() for pattern in patterns if (match := pattern.search(form)) is not None]
    start = _beginning(line, min(places, default=0))
    end = min(len(line), start + SNIPPET_MOST - 2)
    if end < len(line):
        blank = line.rfind(" ", start, end)
        end = blank if blank > start + SNIPPET_MOST // 2 else end
    shown = (
        ("…" if start else "") + line[start:end].strip() + ("…" if end < len(line) or len(text) > _LOOKED_INTO else "")
    )
    return Snippet(shown, highlights(shown, query))


def _beginning(line: str, place: int) -> int:
    """A little before a place, between words."""
    if place <= SNIPPET_MOST // 3:
        return 0
    start = place - SNIPPET_MOST // 3
    blank = line.find(" ", start, place)
    return blank + 1 if blank >= 0 else start
