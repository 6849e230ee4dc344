"""Folders as editors write them, and their import."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from tests.organisation import Organisation

Files = Mapping[str, str | bytes]


def text(title: str = "Sơ cứu căn bản", body: str = "Gọi 115.", **said: str) -> str:
    """A material; `said` is TOML."""
    more = "".join(f"{name} = {value}\n" for name, value in said.items())
    return f'+++\ntitle = "{title}"\n{more}+++\n\n{body}\n'


def picture(colour: str = "red") -> bytes:
    written = BytesIO()
    Image.new("RGB", (8, 8), colour).save(written, "PNG")
    return written.getvalue()


def zipped(files: Files) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


async def post(
    client: httpx.AsyncClient, organisation: Organisation, body: bytes, branch: str = "chibo", **params: Any
) -> httpx.Response:
    url = f"/v1/branches/{organisation.branch(branch).id}/study-import"
    return await client.post(url, content=body, params=params, headers={"Content-Type": "application/zip"})


async def bring(
    client: httpx.AsyncClient, organisation: Organisation, files: Files, branch: str = "chibo", **params: Any
) -> dict[str, Any]:
    answer = await post(client, organisation, zipped(files), branch, **params)
    assert answer.status_code == 200, answer.text
    outcome: dict[str, Any] = answer.json()
    return outcome


def results(outcome: dict[str, Any]) -> dict[str, str]:
    """By path."""
    return {thing["path"]: thing["result"] for thing in outcome["things"]}


def problems(outcome: dict[str, Any]) -> dict[str, dict[str, str]]:
    """By path: the codes by pointer, or the slug of the refusal."""
    found = {}
    for thing in outcome["things"]:
        if thing["problem"] is not None:
            errors = thing["problem"].get("errors") or []
            slug = thing["problem"]["type"].removeprefix("/problems/")
            found[thing["path"]] = {e["pointer"]: e["code"] for e in errors} or {"": slug}
    return found
