"""Pictures in Markdown get the names of their bytes, and nothing else of the text changes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.pictured import PICTURES_MOST, name_pictures


def name(path: str) -> str | None:
    return None if path == "không.png" else path.upper()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("![a](a.png)", "![a](file:A.PNG)"),
        ("![a]( <a b.png> 'x') ![](a.png)", "![a]( <file:A B.PNG> 'x') ![](file:A.PNG)"),
        ("![a](a(1).png)", "![a](file:A(1).PNG)"),
        ("![a](a.png) ![b](aa.png) ![c](a.png.png)", "![a](file:A.PNG) ![b](file:AA.PNG) ![c](file:A.PNG.PNG)"),
        ("[![a](a.png)](https://example.org)", "[![a](file:A.PNG)](https://example.org)"),
        ("| ![a](a.png) |\n| --- |\n", "| ![a](file:A.PNG) |\n| --- |\n"),
        ("![a]\n\n[a]: <a.png> 'x'", "![a]\n\n[a]: <file:A.PNG> 'x'"),
        ("![a](không.png)", "![a](không.png)"),
        ("![a](https://example.org/a.png) ![b](file:0)", "![a](https://example.org/a.png) ![b](file:0)"),
        ("`![a](a.png)`\n\n    ![a](a.png)", "`![a](a.png)`\n\n    ![a](a.png)"),
        ("[a](a.png) a.png", "[a](a.png) a.png"),
    ],
)
def test_pictures_beside_the_text_are_named(text: str, named: str) -> None:
    assert name_pictures(text, name) == named


def test_what_is_unclear_is_refused() -> None:
    with pytest.raises(Malformed, match="unclear"):
        name_pictures("![a](a\\_b.png)", name)


def test_there_are_not_too_many() -> None:
    text = "\n".join(f"![a]({n}.png)" for n in range(PICTURES_MOST))
    assert name_pictures(text, name).count("file:") == PICTURES_MOST
    with pytest.raises(Malformed, match="too_many"):
        name_pictures(f"{text}\n![a](a.png)", name)


@given(st.text(alphabet=st.sampled_from("![]()<>:ab.\\ \n`'\"|-#"), max_size=60))
def test_whatever_is_written_is_named_or_refused(text: str) -> None:
    with suppress(Malformed):
        assert name_pictures(text, lambda _: None) == text
        named = name_pictures(text, lambda _: "0")
        assert name_pictures(named, lambda _: "1") == named
