"""Reading pages that are made for paper."""

from html.parser import HTMLParser

_FETCHING = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use", "audio", "video"}


class Page(HTMLParser):
    """Text and tags of a page. Fails on anything that runs or is fetched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[tuple[str, str | None]] = []
        self.links: list[str | None] = []
        assert "@import" not in html
        assert "url(" not in html
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return "".join(self.said)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in _FETCHING
        self.tags.append((tag, dict(attrs).get("class")))
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "xlink:href", "style", "action", "background"}
            if name == "href":
                assert tag == "a"
                self.links.append(value)

    def handle_data(self, data: str) -> None:
        self.said.append(data)
