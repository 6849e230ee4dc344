"""What every refusal owes its caller."""

from typing import Any

import httpx

from api.field_messages import FIELDS
from api.messages import PROBLEMS

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


def assert_problem(
    answer: httpx.Response, status: int | set[int], slug: str | None = None, language: str = "en"
) -> Any:
    """Gives the problem, having held it to RFC 9457 and to our conventions."""
    statuses = {status} if isinstance(status, int) else status
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == language
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert SECURITY.items() <= dict(answer.headers).items()
    problem = answer.json()
    assert problem.keys() - {"errors"} == {"type", "title", "status", "detail", "request_id"}
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    said = problem["type"].removeprefix("/problems/")
    assert said == slug or slug is None, said
    assert problem["title"] == (PROBLEMS[said].vi if language == "vi" else PROBLEMS[said].en)[0]
    for error in problem.get("errors", ()):
        assert error.keys() == {"pointer", "code", "detail"}
        assert error["pointer"] == "" or error["pointer"].startswith("/")
        assert error["code"] in FIELDS, f"{error['code']} has no sentence"
        assert "…" not in error["detail"], f"{error['code']}: a value is missing in {error['detail']}"
    assert "…" not in problem["detail"]
    return problem


def codes(answer: httpx.Response) -> dict[str, str]:
    """The code at each pointer of a 422."""
    return {error["pointer"]: error["code"] for error in assert_problem(answer, 422)["errors"]}
