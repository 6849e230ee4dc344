import re
import unicodedata
from random import Random

import pytest

from api.demo.texts import NoticeText, notice_texts, varied


@pytest.mark.parametrize("text", notice_texts(), ids=lambda text: text.title)
def test_a_text_is_fit_to_publish(text: NoticeText) -> None:
    assert 300 <= len(text.body) <= 3_000
    assert 5 <= len(text.title) <= 120
    assert unicodedata.is_normalized("NFC", text.title + text.body)
    assert (text.reach == "roles") == bool(text.roles)
    assert not re.search(r"[{}<>]|\b\d{1,2}/\d{1,2}/\d{4}\b", text.body)
    assert text.days_ago >= 0


def test_the_texts_cover_what_secretaries_write() -> None:
    texts = notice_texts()
    assert len(texts) >= 40
    assert len({text.title for text in texts}) == len(texts)
    assert {text.category for text in texts} == {"general", "document"}
    assert {text.priority for text in texts} == {"normal", "urgent"}
    assert {text.reach for text in texts} == {"all", "here", "roles"}
    assert {text.branch_kind for text in texts} == {"central", "province", "commune", "base", "cell", "group"}
    assert [text.days_ago for text in texts] == sorted(text.days_ago for text in texts)


def test_hundreds_of_variations_differ_and_repeat_from_the_seed() -> None:
    texts = notice_texts()

    def bodies(seed: int) -> list[str]:
        rng = Random(seed)
        return [varied(rng, texts[n % len(texts)], f"Chi bộ thôn {n}").body for n in range(500)]

    assert len(set(bodies(1))) == 500
    assert bodies(1) == bodies(1)
    assert bodies(1) != bodies(2)
    assert all("{" not in body and f"Chi bộ thôn {n}" in body for n, body in enumerate(bodies(3)))


def test_a_variation_keeps_its_kind_and_names_the_branch() -> None:
    rng = Random(5)
    for text in notice_texts():
        other = varied(rng, text, "Chi bộ thôn Đông Lâm")
        assert "Chi bộ thôn Đông Lâm" in other.body
        assert (other.category, other.reach, other.roles) == (text.category, text.reach, text.roles)
        assert other.days_ago >= 0
