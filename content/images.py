"""Photos of members: whatever a phone sends becomes one small WebP without metadata."""

import struct
import warnings
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps

from content.malformed import Malformed

PIXEL_LIMIT = 40_000_000  # a 40-megapixel photo is the most today's phones take by default
PHOTO_SIDE = 512  # pixels
PHOTO_WIDTHS = (96, 256)
"""In pixels: for a row of a list, and for a page on a phone that saves data."""
_QUALITY = 80
_FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")

# Recognised only to tell "another kind of image" from "no image". HEIC and AVIF are ISO media files ("ftyp"
# at 4).
_OTHER_IMAGES = (b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"<svg", b"\x00\x00\x01\x00", b"8BPS", b"\xff\x0a")

# What Pillow's decoders raise on damaged bytes.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    EOFError,
    Warning,
    struct.error,
    zlib.error,
)

# Pillow warns where it guesses on (bombs, damaged EXIF, odd chunks); a guess about somebody else's bytes is a
# refusal. The filter is set once, here: catch_warnings is not safe with threads.
warnings.filterwarnings("error", module=r"PIL\.")


@dataclass(frozen=True, slots=True)
class Photo:
    data: bytes
    media_type: str
    width: int
    height: int
    narrower: tuple["Photo", ...] = ()
    """The same in each of `PHOTO_WIDTHS` that is narrower."""


def reencode_photo(data: bytes) -> Photo:
    """The picture upright, in RGB on white, at most 512×512 and never enlarged, as WebP without any metadata; and
    narrower ones for lists and for those who save data.

    The same bytes in give the same bytes out (for one version of libwebp). Accepts JPEG, PNG and WebP, told
    by their bytes. CPU-bound: call it in a thread. Raises Malformed: ``photo.not_an_image``,
    ``photo.unsupported`` (another format), ``photo.too_large`` (over 40 megapixels, judged before decoding),
    ``photo.damaged`` (also: truncated).
    """
    _refuse_foreign(data)
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            _refuse_large(image.width, image.height)
            upright = _shrink(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Malformed("photo.too_large", limit=PIXEL_LIMIT) from error
    except Malformed:
        raise
    except _DECODER_ERRORS as error:
        raise Malformed("photo.damaged") from error
    narrower = tuple(_encoded(_narrowed(upright, width)) for width in PHOTO_WIDTHS if width < upright.width)
    return replace(_encoded(upright), narrower=narrower)


def measure(file: BinaryIO, form: str) -> tuple[int, int]:
    """Width and height in pixels of a picture that is to be kept as it is, by its header alone; `form` is JPEG, PNG or
    WEBP. Raises Malformed: ``photo.too_large``, ``photo.damaged``.
    """
    file.seek(0)
    try:
        if form == "WEBP":
            width, height = _webp_size(file.read(30))
        else:
            with Image.open(file, formats=(form,)) as image:
                width, height = image.size
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Malformed("photo.too_large", limit=PIXEL_LIMIT) from error
    except _DECODER_ERRORS as error:
        raise Malformed("photo.damaged") from error
    _refuse_large(width, height)
    return width, height


def _webp_size(header: bytes) -> tuple[int, int]:
    """By RFC 9649, 2.5–2.7, since libwebp sets up a whole canvas to tell. Raises ValueError."""
    kind = header[12:16]
    if len(header) == 30 and header[:4] == b"RIFF" and header[8:12] == b"WEBP":
        if kind == b"VP8X":
            width, height = (1 + int.from_bytes(header[at : at + 3], "little") for at in (24, 27))
            return width, height
        if kind == b"VP8L" and header[20] == 0x2F:
            bits = int.from_bytes(header[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        if kind == b"VP8 " and header[23:26] == b"\x9d\x01\x2a":
            width, height = (int.from_bytes(header[at : at + 2], "little") & 0x3FFF for at in (26, 28))
            return width, height
    raise ValueError("no WebP")


def _encoded(image: Image.Image) -> Photo:
    encoded = BytesIO()
    image.save(encoded, "WEBP", quality=_QUALITY, method=4)
    return Photo(encoded.getvalue(), "image/webp", image.width, image.height)


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _refuse_foreign(data: bytes) -> None:
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        if data[12:16] == b"VP8X" and len(data) >= 30:
            # libwebp sets its canvas up while opening, so an animation's size is read here, before Pillow's
            # check.
            width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
            _refuse_large(width, height)
        return
    if data[4:8] == b"ftyp" or data.startswith(_OTHER_IMAGES):
        raise Malformed("photo.unsupported")
    raise Malformed("photo.not_an_image")


def _refuse_large(width: int, height: int) -> None:
    if width * height > PIXEL_LIMIT:
        raise Malformed("photo.too_large", limit=PIXEL_LIMIT)


def _shrink(image: Image.Image) -> Image.Image:
    small = image.convert("RGBA") if image.mode in ("P", "1") else image  # else shrunk without smoothing
    # Shrunk before it is turned, so that turning needs no second full picture; a JPEG is even decoded small.
    small.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(small)
    # A new canvas carries none of the old image's EXIF, colour profile or comments into the encoder.
    canvas = Image.new("RGB", upright.size, "white")
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        canvas.paste(layer, mask=layer)
    else:
        canvas.paste(upright.convert("RGB"))
    return canvas
