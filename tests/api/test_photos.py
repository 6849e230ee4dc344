"""Photos over HTTP: whatever a phone sends becomes one small picture that says nothing of place or time."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

from tests.api.conftest import As, Client
from tests.organisation import Organisation

JPEG = {"Content-Type": "image/jpeg"}
PHOTO = "/v1/me/photo"


def phone_picture() -> bytes:
    """A JPEG as a telephone takes it: on its side, and saying where and with what."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "HaLanPhone"
    exif.get_ifd(0x8825).update({1: "N", 2: (21.0, 1.0, 42.0), 3: "E", 4: (105.0, 51.0, 15.0)})
    written = BytesIO()
    Image.new("RGB", (900, 600), "teal").save(written, "JPEG", exif=exif, comment=b"Thon Doai")
    assert b"HaLanPhone" in written.getvalue()
    return written.getvalue()


def bomb() -> bytes:
    """A small PNG that says it is a billion pixels wide and high."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(1_000_000))
    chunks = [header, pixels, b"IEND"]
    framed = [struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


async def upload(client: Client) -> str:
    answer = await client.put(PHOTO, content=phone_picture(), headers=JPEG)
    assert answer.status_code == 200, answer.text
    sha256: str = answer.json()["photo"]
    return sha256


async def refusal(client: Client, content: bytes, **headers: str) -> tuple[int, Any]:
    answer = await client.put(PHOTO, content=content, headers={**JPEG, **headers})
    assert answer.headers["content-type"] == "application/problem+json"
    errors = answer.json().get("errors") or [{"code": answer.json()["type"].rpartition("/")[2]}]
    return answer.status_code, errors[0]["code"]


async def test_a_photo_comes_back_small_upright_and_silent(member: Client) -> None:
    sha256 = await upload(member)
    answer = await member.get(f"/v1/files/{sha256}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not any(secret in answer.content for secret in (b"HaLanPhone", b"Thon Doai", b"Exif", b"EXIF"))
    with Image.open(BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (341, 512))
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile"} & picture.info.keys()


async def test_a_photo_is_for_those_who_have_to_do_with_the_person(
    member: Client, acting_as: As, organisation: Organisation
) -> None:
    sha256 = await upload(member)
    seen = ("member", "fellow", "editor", "auditor", "clerk", "deputy", "secretary", "parent_secretary", "admin")
    for name in seen:
        assert (await acting_as(name).get(f"/v1/files/{sha256}")).status_code == 200, name
    for name in ("grouped", "neighbour", "sibling_secretary", "stranger", "stranger_admin"):
        answer = await acting_as(name).get(f"/v1/files/{sha256}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not_found"), name
    roster = await acting_as("fellow").get(f"/v1/branches/{organisation.branch('chibo').id}/members")
    assert sha256 in {entry["photo"] for entry in roster.json()["items"]}


async def test_a_photo_comes_as_wide_as_it_is_wanted(member: Client, acting_as: As) -> None:
    sha256 = await upload(member)
    tags, sizes = set(), []
    for width, size in (("96", (96, 144)), ("256", (256, 384)), (None, (341, 512))):
        address = f"/v1/files/{sha256}" + (f"?width={width}" if width else "")
        answer = await acting_as("fellow").get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        with Image.open(BytesIO(answer.content)) as picture:
            assert picture.size == size
        again = await acting_as("fellow").get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert (await acting_as("neighbour").get(address)).status_code == 404
        tags.add(answer.headers["etag"])
        sizes.append(len(answer.content))
    assert len(tags) == 3
    assert sizes == sorted(sizes)
    for wrong in ("0", "97", "96.0", "9_6", "", "small", "-96"):
        refused = await member.get(f"/v1/files/{sha256}", params={"width": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/width"), wrong


async def test_who_saves_data_gets_a_narrower_photo(member: Client) -> None:
    sha256 = await upload(member)
    for said, width in (("on", 256), ("ON", 256), ("on;max=3", 256), ("off", 341), ("", 341)):
        answer = await member.get(f"/v1/files/{sha256}", headers={"Save-Data": said})
        assert answer.headers["vary"] == "Save-Data"
        with Image.open(BytesIO(answer.content)) as picture:
            assert picture.width == width, said
    asked = await member.get(f"/v1/files/{sha256}?width=96", headers={"Save-Data": "on"})
    assert "save-data" not in asked.headers.get("vary", "").lower()
    with Image.open(BytesIO(asked.content)) as picture:
        assert picture.width == 96


async def test_a_narrow_photo_is_not_widened(member: Client) -> None:
    written = BytesIO()
    Image.new("RGB", (60, 90), "teal").save(written, "JPEG")
    sha256 = (await member.put(PHOTO, content=written.getvalue(), headers=JPEG)).json()["photo"]
    for query in ("", "?width=96", "?width=256"):
        answer = await member.get(f"/v1/files/{sha256}{query}")
        with Image.open(BytesIO(answer.content)) as picture:
            assert picture.size == (60, 90)


async def test_a_narrower_photo_has_no_address_of_its_own(member: Client) -> None:
    """It is seen by whoever may see the photo, and by nobody once that is gone."""
    sha256 = await upload(member)
    narrow = (await member.get(f"/v1/files/{sha256}?width=96")).headers["etag"].strip('"')
    assert (await member.get(f"/v1/files/{narrow}")).status_code == 404
    await member.delete(PHOTO)
    assert (await member.get(f"/v1/files/{sha256}?width=96")).status_code == 404


async def test_an_officers_photo_is_for_all_below(secretary: Client, acting_as: As) -> None:
    sha256 = await upload(secretary)
    assert (await acting_as("grouped").get(f"/v1/files/{sha256}")).status_code == 200
    assert (await acting_as("neighbour").get(f"/v1/files/{sha256}")).status_code == 404


async def test_a_photo_taken_away_is_gone(member: Client, acting_as: As) -> None:
    sha256 = await upload(member)
    assert (await member.delete(PHOTO)).status_code == 204
    assert (await member.get("/v1/me")).json()["photo"] is None
    for name in ("member", "fellow", "secretary"):
        assert (await acting_as(name).get(f"/v1/files/{sha256}")).status_code == 404
    assert (await member.delete(PHOTO)).status_code == 204


async def test_the_same_picture_of_two_people_is_each_ones_own(member: Client, acting_as: As) -> None:
    neighbour = acting_as("neighbour")
    sha256 = await upload(member)
    assert await upload(neighbour) == sha256
    await member.delete(PHOTO)
    assert (await neighbour.get(f"/v1/files/{sha256}")).status_code == 200
    assert (await acting_as("fellow").get(f"/v1/files/{sha256}")).status_code == 404


async def test_what_is_no_photo_is_refused(member: Client) -> None:
    before = (await member.get("/v1/me")).json()
    assert await refusal(member, b"<html>") == (422, "photo.not_an_image")
    assert await refusal(member, b"") == (422, "photo.not_an_image")
    assert await refusal(member, b"GIF89a" + bytes(40)) == (422, "photo.unsupported")
    assert await refusal(member, phone_picture()[:3000]) == (422, "photo.damaged")
    assert await refusal(member, bomb()) == (422, "photo.too_large")
    assert await refusal(member, b"{}", **{"Content-Type": "application/json"}) == (415, "media_type.unsupported")
    assert (await member.get("/v1/me")).json() == before


async def test_a_files_name_is_its_hash(member: Client) -> None:
    for name in ("0" * 64, "A" * 64, "..", "0" * 63, "%2e%2e%2fkeys.json"):
        assert (await member.get(f"/v1/files/{name}")).status_code == 404, name
