import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.render import CELLS_MOST, MARKDOWN_LIMIT, plain_text, render_markdown, render_material, summarise

ALLOWED = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
    ),
    *("s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
HOSTILE = [
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<style>*{}</style>",
    ),
    *(
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "<javascript:a>",
    ),
    *(
        "[x](java\nscript:a)",
        "[x](data:text/html,a)",
        "[x](vbscript:a)",
        "![x](javascript:a)",
        "[x]: javascript:a",
    ),
    *(
        "[x](//evil.example)",
        "[x](/v1/me)",
        "![a](http://evil.example/p.png)",
        '[x](http://a "onclick=alert(1)")',
    ),
    *(
        '[x](http://a"onmouseover="b)',
        "<a href='javascript:a'>",
        "</p><iframe src=x>",
        "<!--",
        "]]>",
        "<?php",
        "&lt;",
    ),
    *(
        "`",
        "```\n",
        "> ",
        "- ",
        "|a|b|\n|-|-|\n",
        "\\",
        "*",
        "~~",
        "\n",
        "\n\n",
        " ",
        '"',
        "<",
        ">",
        "&",
        "chữ",
    ),
]
hostile = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=5)), max_size=20).map("".join)


class Inspector(HTMLParser):
    """Reads HTML as a browser would and fails on anything outside the promise."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        for name, value in attrs:
            assert (tag, name) in {("a", "href"), ("a", "title"), ("a", "rel"), ("ol", "start")}
            if name == "href":
                assert re.match(r"(https?|mailto|tel):", value or "", re.IGNORECASE)
                assert ("rel", "noopener noreferrer nofollow") in attrs

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


@given(hostile)
def test_nothing_hostile_survives(markdown: str) -> None:
    inspector = Inspector()
    inspector.feed(render_markdown(markdown))
    inspector.close()


@pytest.mark.parametrize("markdown", HOSTILE)
def test_each_attack_alone(markdown: str) -> None:
    inspector = Inspector()
    inspector.feed(render_markdown(markdown))
    inspector.close()


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Thông báo", "<h1>Thông báo</h1>\n"),
        (
            "**đậm** *nghiêng* ~~bỏ~~ `mã`",
            "<p><strong>đậm</strong> <em>nghiêng</em> <s>bỏ</s> <code>mã</code></p>\n",
        ),
        ("3. ba\n4. bốn", '<ol start="3">\n<li>ba</li>\n<li>bốn</li>\n</ol>\n'),
        ("dòng  \nmới", "<p>dòng<br>\nmới</p>\n"),
        ("```py\n1 < 2\n```", "<pre><code>1 &lt; 2\n</code></pre>\n"),
        ("https://a.vn", "<p>https://a.vn</p>\n"),
        ("![ảnh <b>](http://x.vn/y.png)", "<p>ảnh &lt;b&gt;</p>\n"),
        ("<b>chữ</b>", "<p>&lt;b&gt;chữ&lt;/b&gt;</p>\n"),
        (
            '[x](https://a.vn "tựa")',
            '<p><a href="https://a.vn" title="tựa" rel="noopener noreferrer nofollow">x</a></p>\n',
        ),
        (
            "<mailto:a@b.vn>",
            '<p><a href="mailto:a@b.vn" rel="noopener noreferrer nofollow">mailto:a@b.vn</a></p>\n',
        ),
        (
            "[gọi](tel:+84912345678)",
            '<p><a href="tel:+84912345678" rel="noopener noreferrer nofollow">gọi</a></p>\n',
        ),
        ("[x](ftp://a.vn)", "<p>[x](ftp://a.vn)</p>\n"),
        (
            "| a | b |\n|:-:|--:|\n| 1 | 2 |",
            (
                "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"
                "<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"
            ),
        ),
        ("", ""),
    ],
)
def test_markup(markdown: str, html: str) -> None:
    assert render_markdown(markdown) == html


def test_length_is_bounded() -> None:
    render_markdown("a" * MARKDOWN_LIMIT)
    with pytest.raises(Malformed) as refusal:
        render_markdown("a" * (MARKDOWN_LIMIT + 1))
    assert refusal.value.code == "markdown.too_long"


@pytest.mark.parametrize("render", [render_markdown, lambda text: render_material(text, str).html])
def test_tables_are_bounded_together(render: Callable[[str], str]) -> None:
    wide = "|a" * 100 + "\n" + "|-" * 100 + "\n" + "x\n" * 97 + "\n"
    html = render(wide * 5)
    assert html.count("<table>") == 2
    assert html.count("<td>") <= CELLS_MOST
    assert html.count("x") == 5 * 97, "nothing is lost"


@pytest.mark.parametrize("unit", ["> ", "- ", "[", "*a ", "![", "`", "~~", "<", "a[x](", "|"])
def test_nesting_is_bounded(unit: str) -> None:
    html = render_markdown((unit * MARKDOWN_LIMIT)[:20_000])
    depth = deepest = 0
    for tag in re.findall(r"<(/?)(?:blockquote|ul|ol|li|em|strong|s|a|p)\b", html):
        depth += -1 if tag else 1
        deepest = max(deepest, depth)
    assert deepest <= 50


def test_plain_text_has_a_line_for_each_block() -> None:
    html = render_markdown(
        "# Họp\n\nTối **nay** &amp; mai  \n19 giờ\n\n- một\n- hai\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    assert plain_text(html) == "Họp\nTối nay & mai\n19 giờ\nmột\nhai\na\nb\n1\n2"


@pytest.mark.parametrize(
    ("markdown", "limit", "summary"),
    [
        ("Một **hai** ba", 200, "Một hai ba"),
        ("Một hai ba bốn", 9, "Một hai…"),
        ("Một hai, ba bốn", 10, "Một hai…"),
        ("# Một\n\nhai", 200, "Một hai"),
        ("abcdefghij", 5, "abcd…"),
        ("", 200, ""),
    ],
)
def test_summarise(markdown: str, limit: int, summary: str) -> None:
    assert summarise(markdown, limit) == summary


@given(hostile, st.integers(1, 60))
def test_a_summary_is_a_bounded_line_from_the_beginning(markdown: str, limit: int) -> None:
    summary = summarise(markdown, limit)
    assert len(summary) <= limit
    assert "\n" not in summary
    whole = " ".join(plain_text(render_markdown(markdown)).split())
    assert whole.startswith(summary.removesuffix("…")) or summary == whole
