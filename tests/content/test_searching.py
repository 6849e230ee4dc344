"""Text as people type it to find something, and where it is shown to have been found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.searching import (
    QUERY_MOST,
    SNIPPET_MOST,
    TERMS_MOST,
    WORD_MOST,
    Query,
    Range,
    highlights,
    parse_query,
    snippet,
    words_of,
)
from content.text import fold, nfc

TYPED = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("ăâđêôơưệốự \"'*:()&|!<>-^NEAR\u0301\u0323")), max_size=80
)
TEXTS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("aâđeêưI İßﬃ\n\u0301")), max_size=400)


def parsed(typed: str) -> Query | None:
    try:
        return parse_query(typed)
    except Malformed:
        return None


@given(TYPED)
def test_whatever_is_typed_is_words_or_refused(typed: str) -> None:
    query = parsed(typed)
    if query is None:
        return
    assert 1 <= len(query.terms) <= TERMS_MOST
    for word in (word for term in query.terms for word in term.words):
        assert word.exact.strip()
        assert not set(word.exact) & set("\"'*:()&|!<>\\ ")
        assert len(word.exact) <= 3 * WORD_MOST


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    assert all(fold(word.folded) == word.folded for word in words_of(text))


@given(TEXTS)
def test_letters_and_marks_apart_are_the_same_words(text: str) -> None:
    assert words_of(nfc(text)) == words_of(nfc(nfc(text)))


@given(TYPED, TEXTS)
def test_what_is_marked_lies_in_what_is_shown(typed: str, text: str) -> None:
    query = parsed(typed)
    if query is None:
        return
    shown = snippet(text, query)
    assert len(shown.text) <= SNIPPET_MOST
    assert "\n" not in shown.text
    assert_inside(shown.text, shown.highlights)
    assert_inside(text, highlights(text, query))


def assert_inside(text: str, ranges: list[Range]) -> None:
    """In order, none over another, none empty."""
    end = 0
    for start, length in ranges:
        assert end <= start < start + length <= len(text)
        end = start + length


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("mat khau", "Đặt Mật Khẩu dài", ["Mật Khẩu"]),
        ('"mat khau"', "Khẩu, mật; MẬT-KHẨU", ["MẬT-KHẨU"]),
        ("nghị", "nghỉ rồi nghị, nghi", ["nghị"]),
        ("nghi", "nghỉ rồi nghị", ["nghỉ", "nghị"]),
        ("nghiquyet", "Theo Nghị quyết này", ["Nghị quyết"]),
        ("57-NQ/TW", "Theo 57-NQ/TW và 57 khác", ["57-NQ/TW"]),
        ("điện bi", "Điện Biên Phủ", ["Điện", "Biên"]),
        ("đuối", "không có", []),
    ],
)
def test_what_was_typed_is_marked(typed: str, text: str, marked: list[str]) -> None:
    found = [text[start : start + length] for start, length in highlights(text, parse_query(typed))]
    assert " ".join(found) == " ".join(marked)


def test_a_snippet_is_of_where_it_was_found() -> None:
    shown = snippet("Mở đầu dài. " * 60 + "Xả nước mát trong 20 phút. " + "Phần cuối. " * 60, parse_query("nuoc mat"))
    assert shown.text.startswith("…")
    assert shown.text.endswith("…")
    assert "nước mát" in shown.text
    assert shown.highlights


@pytest.mark.parametrize("typed", ["", " ", '""', "*", "-/-", "🎉", '"*"'])
def test_without_a_word_nothing_is_looked_for(typed: str) -> None:
    with pytest.raises(Malformed, match=r"search\.nothing"):
        parse_query(typed)


def test_too_long_a_query_is_refused() -> None:
    with pytest.raises(Malformed, match=r"search\.too_long"):
        parse_query("a" * (QUERY_MOST + 1))


def test_a_word_is_as_long_as_an_index_holds() -> None:
    (word,) = words_of("ệ" * 10_000)
    assert len(word.exact.encode()) < 2_000
    assert len(word.folded.encode()) < 2_000
