"""The secretary at the root, publishing over HTTP and taking back what was published."""

import time
from typing import Any, Self

import httpx

from tests.load.bench.figures import NotMeasured
from tests.load.dataset import DataSet, issuer


class Publisher:
    """A client of one server."""

    def __init__(self, url: str, data: DataSet) -> None:
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._data = data
        self._published: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        # a generation that no earlier run can have reached: seconds grow faster than anybody refreshes
        refresh = issuer(self._data).refresh(self._data.audience.publisher.session_id, int(time.time()))
        answer = self._client.post("/v1/auth/refresh", json={"refresh_token": refresh})
        if answer.status_code != 200:
            raise NotMeasured(f"POST /v1/auth/refresh answers {answer.status_code}")
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def __exit__(self, *_: object) -> None:
        while self._published:
            self.withdraw()
        self._client.close()

    @property
    def client(self) -> httpx.Client:
        """Signed in, from `with` on."""
        return self._client

    def publish(self) -> tuple[str, float]:
        """A notice of the root to everyone: its id, and the seconds until it was acknowledged."""
        body = {
            "branch_id": str(self._data.root),
            "title": f"Thông báo số {len(self._published) + 1}",
            "body": "Đề nghị các đồng chí **đọc kỹ** và phổ biến cho gia đình.",
            "publish": True,
        }
        began = time.perf_counter()
        answer = self._client.post("/v1/notices", json=body)
        took = time.perf_counter() - began
        if answer.status_code != 201:
            raise NotMeasured(f"POST /v1/notices answers {answer.status_code}: {answer.text[:100]}")
        self._published.append(answer.json())
        return str(answer.json()["id"]), took

    def withdraw(self) -> None:
        """Take back the newest that is still out. Nothing else moves the root's channel, for members, so cheaply."""
        notice = self._published.pop()
        etag = self._client.get(f"/v1/notices/{notice['id']}").headers["etag"]
        answer = self._client.post(f"/v1/notices/{notice['id']}/withdraw", json={}, headers={"If-Match": etag})
        answer.raise_for_status()

    def move(self) -> None:
        """Publish a notice, or take back the one that is out: either way every page that shows the root is old."""
        if self._published:
            self.withdraw()
        else:
            self.publish()
