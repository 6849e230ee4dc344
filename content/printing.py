"""What pages that are kept have in common: complete in themselves, nothing run and nothing fetched."""

from html import escape

import segno

from content.times import Language

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # in the page too, which is kept and passed on as a file
_WITH_IMAGES = f"{_POLICY}; img-src 'self' file:"
_STYLE = """
* { box-sizing: border-box }
body { margin: 0 auto; color: #000; font: 10pt/1.35 "Be Vietnam Pro", "Noto Sans", Arial, sans-serif }
"""


def printed_page(title: str, body: str, *, style: str, language: Language, shows_images: bool = False) -> str:
    """An HTML document. `title` is text, `body` markup, `style` what this kind of page adds. With `shows_images` it may
    show those that lie beside it.
    """
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_WITH_IMAGES if shows_images else _POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>{_STYLE}{style.lstrip()}</style>
</head>
<body>
{body}
</body>
</html>
"""


def qr_picture(url: str, title: str) -> str:
    """The URL's QR code as inline SVG of whatever size its surroundings give it; `title` is for those who hear
    the page.
    """
    picture: str = segno.make(url, micro=False, error="m").svg_inline(
        border=4,
        omitsize=True,
        svgclass=None,
        lineclass=None,
        title=title,
    )
    return picture
