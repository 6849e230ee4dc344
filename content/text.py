"""Vietnamese text: one normal form to store, one folded form to search, one key to sort by.

No database compares Vietnamese alike everywhere, so all three are made here and stored in columns.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from content.malformed import Malformed

SORT_KEY_LENGTH = 400  # characters, the width of the stored column

# Arrive by copying from Word, web pages and chat, are invisible, and make equal names unequal; the
# bidirectional ones can make a name read as another. ZWJ and ZWNJ stay: emoji and some scripts need them.
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])
_LINE_BREAKS = re.compile("\r\n|[\r\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"<[a-z/!?]", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")

# đ has no decomposition. Ð (eth) and Ɖ look the same in capitals and are common slips of old keyboards and
# fonts.
_CROSSED_D = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d"})

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_CODES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"  # ascending bytes, so COLLATE "C" and BINARY sort them alike
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}  # huyền hỏi ngã sắc nặng
_VOWEL_MARKS = {"\u0306", "\u0302", "\u031b"}  # breve, circumflex, horn: part of the letter, not a tone
_CACHED_WORD_LENGTH = 24  # Vietnamese syllables have at most 7 letters; longer words would only bloat the caches


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def clean(text: str) -> str:
    """One line as it is stored: NFC, runs of blanks as one space, nothing around it, nothing invisible.

    Raises Malformed: ``text.control_character`` (NUL included), ``text.surrogate``.
    """
    return " ".join(_readable(text).split())


def clean_lines(text: str) -> str:
    r"""Several lines as they are stored: as `clean`, but blanks inside stay (Markdown means something by
    them).

    Line breaks become ``\n``. Raises what `clean` raises.
    """
    return _readable(text).rstrip().lstrip("\n")


def clean_plain(text: str) -> str:
    """`clean` of what is shown in places where somebody may forget that it is text and no markup.

    Raises what `clean` raises, and Malformed ``text.markup``.
    """
    if _TAG.search(text):
        raise Malformed("text.markup")
    return clean(text)


def _readable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_BREAKS.sub("\n", text)
    if _CONTROL.search(text):
        raise Malformed("text.control_character")
    if _SURROGATE.search(text):
        raise Malformed("text.surrogate")
    return nfc(text.translate(_INVISIBLE))


def fold(text: str) -> str:
    """What search compares: no case, no diacritics, đ as d, single spaces. Folding twice changes nothing."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(filter(None, map(_folded, text.split())))


def words(text: str) -> list[str]:
    """The folded words of a text in their order, without punctuation: what a prefix search matches."""
    return _WORD.findall(fold(text))


def _folded(word: str) -> str:
    return _fold_short(word) if len(word) <= _CACHED_WORD_LENGTH else _fold_word(word)


def _fold_word(word: str) -> str:
    # Unicode's canonical caseless form (D145) decomposes on both sides of casefold; the strip follows.
    bare = unicodedata.normalize("NFD", unicodedata.normalize("NFD", word).casefold())
    return "".join(c for c in bare.translate(_CROSSED_D) if unicodedata.category(c) != "Mn")


_fold_short = lru_cache(maxsize=32_768)(_fold_word)


def sort_key(full_name: str) -> str:
    """ASCII key whose byte order is the Vietnamese order of people: given name, family name, middle names.

    Names are compared word by word in that order: a word's letters first (a ă â b c d đ e ê …), then its
    tones (ngang, huyền, hỏi, ngã, sắc, nặng), so that every Hoa comes before every Hòa. Case, punctuation and
    the place of a tone mark (hòa, hoà) do not count; other scripts come after z. At most 400 characters.
    """
    parts = full_name.split()
    if len(parts) > 1:
        parts.insert(0, parts.pop())
    # "!" sorts below the tones and the letters, so a shorter run of names comes first.
    return "!".join(filter(None, map(_word_key, parts)))[:SORT_KEY_LENGTH]


def _word_key(word: str) -> str:
    return _key_short(word) if len(word) <= _CACHED_WORD_LENGTH else _key_word(word)


def _key_word(word: str) -> str:
    folded = unicodedata.normalize("NFC", word).casefold()
    letters = folded.translate(_LETTER_TABLE)
    # The blank ends the letters below every other sign of the key: "an" comes before "ang" whatever their
    # tones.
    return f"{letters} {folded.translate(_TONE_TABLE)}" if letters else ""


_key_short = lru_cache(maxsize=32_768)(_key_word)


class _CodeTable(dict[int, str]):
    """A table for `str.translate` that works out what it does not hold, without keeping it."""

    def __init__(self, letters: bool, known: Iterable[str]) -> None:
        super().__init__()
        self._letters = letters
        self.update((ord(character), self[ord(character)]) for character in known)

    def __missing__(self, point: int) -> str:
        letter, tones = _letter_and_tones(chr(point))
        return letter if self._letters else tones


def _letter_and_tones(character: str) -> tuple[str, str]:
    """("C", "4") for ấ: the letter's code in the key and its tones' digits."""
    decomposed = unicodedata.normalize("NFD", character)
    tones = "".join(_TONES.get(mark, "") for mark in decomposed[1:])
    letter = unicodedata.normalize("NFC", decomposed[0] + "".join(m for m in decomposed[1:] if m in _VOWEL_MARKS))
    if decomposed in _TONES:
        return "", _TONES[decomposed]
    for candidate in ("đ" if letter in "đðɖ" else letter, decomposed[0]):
        position = _LETTERS.find(candidate)
        if position >= 0:
            return _LETTER_CODES[position], tones
    if "0" <= character <= "9":
        return character, ""
    if not character.isalnum():
        return "", ""
    return f"~{ord(character):06x}", ""


# Latin, Latin-1, Extended-A and -B, the tone marks, and Extended Additional, where Vietnamese lives.
_COMMON = [chr(point) for block in ((0, 0x250), (0x300, 0x370), (0x1E00, 0x1F00)) for point in range(*block)]
_LETTER_TABLE = _CodeTable(True, _COMMON)
_TONE_TABLE = _CodeTable(False, _COMMON)
