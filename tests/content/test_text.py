import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.text import SORT_KEY_LENGTH, clean, clean_lines, fold, nfc, sort_key, words

# Every letter in its order, each with its six tones in theirs where it is a vowel.
VOWELS = {
    "a": "aàảãáạ",
    "ă": "ăằẳẵắặ",
    "â": "âầẩẫấậ",
    "e": "eèẻẽéẹ",
    "ê": "êềểễếệ",
    "i": "iìỉĩíị",
    "o": "oòỏõóọ",
    "ô": "ôồổỗốộ",
    "ơ": "ơờởỡớợ",
    "u": "uùủũúụ",
    "ư": "ưừửữứự",
    "y": "yỳỷỹýỵ",
}
LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
RANK = {form: (LETTERS.index(base), tone) for base in LETTERS for tone, form in enumerate(VOWELS.get(base, base))}

syllables = st.text(alphabet=sorted(RANK), min_size=1, max_size=6)
names = st.lists(syllables, min_size=1, max_size=5).map(" ".join)


def expected_order(name: str) -> list[tuple[list[int], list[int]]]:
    """The rule of the design, written down once more without tables: letters, then tones, word by word."""
    parts = name.split()
    parts = parts[-1:] + parts[:-1]
    return [([RANK[c][0] for c in word], [RANK[c][1] for c in word if RANK[c][1]]) for word in parts]


@given(names, names)
def test_sort_key_orders_as_the_rule_says(one: str, other: str) -> None:
    assert (sort_key(one) < sort_key(other)) == (expected_order(one) < expected_order(other))
    assert (sort_key(one) == sort_key(other)) == (expected_order(one) == expected_order(other))


def test_people_sort_by_given_name_then_family_name_then_middle_names() -> None:
    in_order = [
        "An",
        "Lê An",
        "Nguyễn An",
        "Nguyễn Thị An",
        "Nguyễn Văn An",
        "Trần An",
        "Lê Văn Ân",
        "Trần Bình",
        "Lê Văn Dũng",
        "Lê Văn Đức",
        "Phạm Hoa",
        "An Hòa",
        "Vũ Hòa",
        "An Hỏa",
        "An Hóa",
        "An Họa",
        "An Hoan",
        "Lê Y",
        "Lê Ý",
    ]
    keys = [sort_key(name) for name in in_order]
    assert all(one < other for one, other in pairwise(keys))


def test_letters_alone_decide_before_any_tone() -> None:
    assert sort_key("Án") < sort_key("Anh") < sort_key("Ánh") < sort_key("Ăn")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nguyễn văn HÒA", "Nguyễn Văn Hoà"),
        ("  Nguyễn   Văn Hòa ", "Nguyễn Văn Hòa"),
        (unicodedata.normalize("NFD", "Nguyễn Văn Hòa"), "Nguyễn Văn Hòa"),
        ("H'Hen Niê", "HHen Niê"),
        ("Ðạt", "Đạt"),
    ],
)
def test_spelling_does_not_move_a_name(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)


def test_other_scripts_come_after_z() -> None:
    assert sort_key("Zz") < sort_key("Иван") < sort_key("王")


@given(st.text(max_size=300))
def test_sort_key_is_bounded_ascii_of_anything(name: str) -> None:
    key = sort_key(name)
    assert key.isascii()
    assert key.isprintable()
    assert len(key) <= SORT_KEY_LENGTH


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folding_forgets_the_normal_form(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert forms == {fold(text)}


@given(names)
def test_folded_vietnamese_is_plain_lower_case_ascii(name: str) -> None:
    assert fold(name).isascii()
    assert fold(name.upper()) == fold(name)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Nguyễn  Thị\tĐào", "nguyen thi dao"),
        ("ĐẢNG VIÊN", "dang vien"),
        ("Ðắk Lắk", "dak lak"),
        ("Straße", "strasse"),
        ("", ""),
        ("  ", ""),
        ("\u0301", ""),
        ("a \u0301 b", "a b"),
        ("Q" * 40 + "Ữ", "q" * 40 + "u"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_words_are_folded_and_bare_of_punctuation() -> None:
    assert words("Nghị quyết số 18-NQ/TW, (khoá XII): đổi_mới!") == [
        *("nghi", "quyet", "so", "18", "nq", "tw", "khoa", "xii", "doi", "moi"),
    ]


def test_nfc() -> None:
    assert nfc("e\u0302\u0301") == "ế"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  Nguyễn \t\n Văn\u00a0A ", "Nguyễn Văn A"),
        ("Hoa\u200b \ufeffMai", "Hoa Mai"),
        ("\u202eevil\u202c", "evil"),
        ("e\u0302\u0301", "ế"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("a  b", "a b"),
        ("", ""),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_clean_lines_keeps_what_markdown_reads() -> None:
    assert clean_lines("\r\n\n    mã\r\nhai  \rba\u2028bốn\n\n") == "    mã\nhai  \nba\nbốn"


@pytest.mark.parametrize("form", [clean, clean_lines])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\0b", "text.control_character"),
        ("\x1b[31m", "text.control_character"),
        ("a\x85b", "text.control_character"),
        ("a\x7f", "text.control_character"),
        ("a\ud800b", "text.surrogate"),
    ],
)
def test_unstorable_text_is_refused(form: Callable[[str], str], text: str, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        form(text)
    assert refusal.value.code == code


@given(st.text())
def test_clean_text_is_clean(text: str) -> None:
    try:
        line, lines = clean(text), clean_lines(text)
    except Malformed:
        assume(False)
    assert clean(line) == line == nfc(line)
    assert clean_lines(lines) == lines
    assert "\n" not in line
    line.encode()


def test_malformed_says_where_but_not_what() -> None:
    refusal = Malformed("table.nul", row=12)
    assert (str(refusal), refusal.code, refusal.details) == ("table.nul (row=12)", "table.nul", {"row": 12})
    assert str(Malformed("phone.invalid")) == "phone.invalid"
