"""Small EPUBs, whole and broken."""

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PAGE = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head>'
    "<title>Không hiện</title><style>p {{}}</style></head><body>{}</body></html>"
)


def package(pages: Sequence[str], *, manifest: str = "", properties: str = "") -> str:
    items = "".join(
        f'<opf:item id="c{n}" href="{name}" media-type="application/xhtml+xml" properties="{properties}"/>'
        for n, name in enumerate(pages)
    )
    spine = "".join(f'<opf:itemref idref="c{n}"/>' for n in range(len(pages)))
    return (
        '<opf:package xmlns:opf="http://www.idpf.org/2007/opf" version="3.0"><opf:metadata/>'
        f"<opf:manifest>{items}{manifest}</opf:manifest><opf:spine>{spine}</opf:spine></opf:package>"
    )


def epub(
    bodies: Sequence[str] = ("<h1>Chương một</h1><p>Đường lối&nbsp;mới.</p>",),
    *,
    more: Mapping[str, bytes | str] | None = None,
    mimetype: str | None = "application/epub+zip",
    compression: int = zipfile.ZIP_STORED,
    **said: str,
) -> bytes:
    """`more` takes the place of members, and comes last otherwise."""
    names = [f"trang {n}.xhtml" for n in range(len(bodies))]
    members: dict[str, bytes | str] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": package([name.replace(" ", "%20") for name in names], **said),
        **{f"OEBPS/{name}": PAGE.format(body) for name, body in zip(names, bodies, strict=True)},
        **(more or {}),
    }
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype is not None:
            archive.writestr("mimetype", mimetype, compress_type=compression)
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()
