"""What tests write to be studied, over HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.api.conftest import Client
from tests.organisation import Organisation

TEXT = {
    "title": "Kỹ năng số căn bản",
    "body": "## Mật khẩu\n\nMật khẩu **dài** thì khó đoán.\n\n| Việc | Nên |\n| --- | --- |\n| Đặt | dài |\n",
    "tags": ["kỹ năng số", "an toàn"],
    "level": "basic",
    "document_no": "57-NQ/TW",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a branch has to study, as somebody handles it. `kind` is the last part of its paths."""

    client: Client
    organisation: Organisation
    branch: str = "chibo"

    async def write(
        self, content: dict[str, Any] | None = None, kind: str = "materials", **more: Any
    ) -> httpx.Response:
        body = {"branch_id": str(self.organisation.branch(self.branch).id), **(content or TEXT), **more}
        return await self.client.post(f"/v1/{kind}", json=body)

    async def written(
        self, content: dict[str, Any] | None = None, kind: str = "materials", **more: Any
    ) -> dict[str, Any]:
        answer = await self.write(content, kind, **more)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def published(
        self, content: dict[str, Any] | None = None, kind: str = "materials", **more: Any
    ) -> dict[str, Any]:
        return await self.written(content, kind, publish=True, **more)

    async def draft(self, study_id: str, kind: str = "materials") -> dict[str, Any]:
        answer = await self.client.get(f"/v1/{kind}/{study_id}/draft")
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def change(self, study_id: str, content: dict[str, Any], kind: str = "materials") -> httpx.Response:
        revision = (await self.draft(study_id, kind))["revision"]
        return await self.client.patch(f"/v1/{kind}/{study_id}", json=content, headers=if_match(revision))

    async def do(
        self, study_id: str, verb: str, body: dict[str, Any] | None = None, kind: str = "materials"
    ) -> httpx.Response:
        revision = (await self.draft(study_id, kind))["revision"]
        return await self.client.post(f"/v1/{kind}/{study_id}/{verb}", json=body or {}, headers=if_match(revision))


def if_match(revision: int) -> dict[str, str]:
    return {"If-Match": f'"r{revision}-x"'}


async def titles(client: Client, kind: str = "materials") -> list[str]:
    answer = await client.get(f"/v1/{kind}")
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]
