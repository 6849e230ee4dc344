"""The corpus is what it says it is: figures of bytes are worth as much as it is like what people write."""

from statistics import median, quantiles

import brotli
import pytest

from api.demo.texts import notice_texts
from content.render import render_markdown, summarise
from models.notices.shapes import BODY_LIMIT
from tests.load.corpus import MEDIAN, NOTICES, P95, corpus


def test_two_hundred_different_notices_of_the_promised_lengths() -> None:
    texts = corpus()
    assert len({one.body for one in texts}) == len(texts) == NOTICES
    assert texts == corpus()
    lengths = [len(one.body) for one in texts]
    assert median(lengths) == pytest.approx(MEDIAN, rel=0.05)
    assert quantiles(lengths, n=20)[-1] == pytest.approx(P95, rel=0.05)
    assert max(lengths) <= BODY_LIMIT
    for one in texts:
        assert one.title
        assert summarise(one.body)
        assert not set("{}[]") & set(render_markdown(one.body))


def test_nothing_is_said_twice() -> None:
    sentences = [part for one in corpus() for part in one.body.replace("\n", " ").split(". ") if len(part) > 40]
    assert len(set(sentences)) > 0.99 * len(sentences)


def test_it_is_about_as_hard_to_compress_as_what_people_wrote() -> None:
    """Of the same length: the longer a text, the better it compresses."""
    written = "\n".join(f"{one.title}\n{one.body}" for one in notice_texts())
    made = "\n".join(f"{one.title}\n{one.body}" for one in corpus())[: len(written)]
    assert _shrinks(made) == pytest.approx(_shrinks(written), rel=0.1)


def _shrinks(text: str) -> float:
    return len(text.encode()) / len(brotli.compress(text.encode(), quality=5))
