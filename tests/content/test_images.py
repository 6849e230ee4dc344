import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from content.images import PHOTO_SIDE, reencode_photo
from content.malformed import Malformed

RED, BLUE = (220, 20, 20), (20, 20, 220)


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
        + b"\0\0\x10\0IDAT"
    )


def webp_canvas(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def is_like(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


def code_of(data: bytes) -> str:
    with pytest.raises(Malformed) as refusal:
        reencode_photo(data)
    return refusal.value.code


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "1", "LA", "I;16"])
def test_every_kind_of_photo_becomes_rgb_webp(image_format: str, mode: str) -> None:
    image = picture(mode="I" if mode == "I;16" else mode)
    try:
        data = encoded(image.convert("I;16") if mode == "I;16" else image, image_format)
    except (OSError, ValueError):
        return  # this format has no such mode
    photo = reencode_photo(data)
    assert (photo.media_type, photo.width, photo.height) == ("image/webp", 60, 40)
    with Image.open(BytesIO(photo.data)) as result:
        assert (result.format, result.mode, result.size) == ("WEBP", "RGB", (60, 40))


@pytest.mark.parametrize(
    ("size", "bounded"),
    [
        ((2000, 1000), (512, 256)),
        ((1000, 2000), (256, 512)),
        ((512, 512), (512, 512)),
        ((3, 5), (3, 5)),
        ((4000, 2), (512, 1)),
    ],
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_size_is_bounded_and_never_enlarged(size: tuple[int, int], bounded: tuple[int, int], image_format: str) -> None:
    photo = reencode_photo(encoded(picture(*size), image_format))
    assert (photo.width, photo.height) == bounded
    assert max(bounded) <= PHOTO_SIDE


def test_the_photo_stands_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    exif[0x010F] = "SecretPhone"
    data = encoded(picture(), "JPEG", exif=exif, icc_profile=b"secret profile", comment=b"secret", quality=95)
    photo = reencode_photo(data)
    assert (photo.width, photo.height) == (40, 60)
    assert b"secret" not in photo.data.lower()
    with Image.open(BytesIO(photo.data)) as result:
        assert not result.getexif()
        assert not {"exif", "icc_profile", "xmp"} & result.info.keys()
        assert is_like(result.getpixel((20, 5)), RED)
        assert is_like(result.getpixel((20, 55)), BLUE)


def test_transparency_becomes_white() -> None:
    photo = reencode_photo(encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"))
    with Image.open(BytesIO(photo.data)) as result:
        assert is_like(result.getpixel((10, 10)), (255, 255, 255))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_all_eight_orientations(orientation: int, image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = reencode_photo(encoded(picture(1200, 800), image_format, exif=exif, quality=95))
    with Image.open(BytesIO(photo.data)) as result:
        near, far = (result.width // 8, result.height // 8), (result.width * 7 // 8, result.height * 7 // 8)
        turned = orientation >= 5
        assert result.size == ((341, 512) if turned else (512, 341))
        # EXIF 2.32, tag 0x0112: where the first row and column of the stored picture go.
        red_comes_first = orientation in (1, 4, 5, 6)
        assert is_like(result.getpixel(near), RED if red_comes_first else BLUE)
        assert is_like(result.getpixel(far), BLUE if red_comes_first else RED)


def test_the_same_bytes_give_the_same_photo() -> None:
    data = encoded(picture(700, 500), "JPEG")
    assert reencode_photo(data) == reencode_photo(data)


def test_the_first_picture_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in (RED, BLUE)]
    photo = reencode_photo(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    with Image.open(BytesIO(photo.data)) as result:
        assert is_like(result.getpixel((15, 15)), RED)


@pytest.mark.parametrize("image_format", ["GIF", "BMP", "TIFF", "AVIF", "ICO"])
def test_other_images_are_unsupported(image_format: str) -> None:
    assert code_of(encoded(picture(), image_format)) == "photo.unsupported"


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7", b"PK\x03\x04", b"\x00" * 100, b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_image(data: bytes) -> None:
    assert code_of(data) == "photo.not_an_image"


@pytest.mark.parametrize(
    "data",
    [
        png_header(8000, 5001),
        png_header(12_000, 12_000),
        png_header(60_000, 60_000),
        webp_canvas(16_383, 16_383),
        webp_canvas(8000, 5001),
    ],
)
def test_bombs_are_refused_by_their_headers(data: bytes) -> None:
    assert code_of(data) == "photo.too_large"


def test_a_huge_jpeg_is_refused_by_its_header() -> None:
    data = bytearray(encoded(picture(16, 16), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    assert code_of(bytes(data)) == "photo.too_large"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_photos_are_damaged(image_format: str, share: float) -> None:
    data = encoded(Image.effect_noise((200, 200), 80).convert("RGB"), image_format)
    assert code_of(data[: int(len(data) * share)]) == "photo.damaged"


@settings(max_examples=150)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
)
def test_damage_anywhere_is_refused_or_read(image_format: str, damage: list[tuple[int, int]]) -> None:
    data = bytearray(encoded(picture(), image_format))
    for position, value in damage:
        data[position % len(data)] = value
    try:
        photo = reencode_photo(bytes(data))
    except Malformed:
        return
    assert max(photo.width, photo.height) <= PHOTO_SIDE


@pytest.mark.parametrize(
    ("size", "narrower"),
    [
        ((2000, 1000), [(96, 48), (256, 128)]),
        ((1000, 2000), [(96, 192)]),
        ((200, 100), [(96, 48)]),
        ((96, 96), []),
        ((512, 1), [(96, 1), (256, 1)]),
    ],
)
def test_the_same_comes_narrower(size: tuple[int, int], narrower: list[tuple[int, int]]) -> None:
    photo = reencode_photo(encoded(picture(*size), "PNG"))
    assert [(each.width, each.height) for each in photo.narrower] == narrower
    for each in photo.narrower:
        with Image.open(BytesIO(each.data)) as result:
            assert (result.format, result.mode, result.size) == ("WEBP", "RGB", (each.width, each.height))
