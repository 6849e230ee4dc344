"""The table's rows as requests: which ids stand in the path, and the smallest body that would be accepted."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests import samples
from tests.api.conftest import Client
from tests.api.importing.folders import text, zipped
from tests.api.permissions.table import ACTORS, TABLE
from tests.api.permissions.world import BESIDE, NOBODY, PASSWORD, QUESTION, World, small_picture

_PARAMETER = re.compile(r"\{(\w+)\}")
_FIRST_REVISION = {"If-Match": '"r1-"'}


@dataclass(frozen=True, slots=True)
class Case:
    """`name` is the row's first words, `answers` the expected status of each actor."""

    route: str
    name: str
    answers: dict[str, int]

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def place(self) -> str:
        return self.name.partition(" ")[0]


def cases(noun: str) -> list[Case]:
    """The rows of a noun in their order; no row may stand twice."""
    found: dict[tuple[str, str], Case] = {}
    route = ""
    _columns, *lines = TABLE[noun].strip("\n").splitlines()
    for line in lines:
        if "/" in line:
            route = line.strip()
            continue
        words = line.split()
        name = " ".join(words[: -len(ACTORS)])
        assert (route, name) not in found, f"{route} · {name} stands twice"
        answers = dict(zip(ACTORS, map(int, words[-len(ACTORS) :]), strict=True))
        found[route, name] = Case(route, name, answers)
    return list(found.values())


async def ask(client: Client, world: World, case: Case, actor: str) -> tuple[int, str]:
    """The status of the answer, and the problem's type where it is one."""
    method, _, template = case.route.partition(" ")
    path = _PARAMETER.sub(lambda match: world.id(match[1], case.name, actor), template)
    said = _SAID[case.route](world, case) if case.route in _SAID else {}
    answer = await client.request(method, path, **said)
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition("/")[2] if is_problem else ""


def _json(make: Callable[[World, Case], dict[str, Any]], **more: Any) -> Callable[[World, Case], dict[str, Any]]:
    return lambda world, case: {"json": make(world, case), **more}


def _other(world: World, case: Case) -> str:
    """The branch at the other end of a move or a merge."""
    _, _, to = case.name.partition(" to ")
    return world.ids["branch_id"][to] if to else str(world.organisation.branch(BESIDE.get(case.place, "xa")).id)


def _branch(world: World, case: Case) -> str:
    return world.ids["branch_id"][case.place]


def _person(world: World, case: Case) -> str:
    """Of another place, where the case is `of` it."""
    _, _, of = case.name.partition(" of ")
    return world.ids["member_id"][of or case.place]


def _study(world: World, case: Case) -> dict[str, Any]:
    return {
        "branch_id": _branch(world, case),
        "title": "Mới",
        "slug": "moi",
        "publish": case.name.endswith("at once"),
    }


def _changing(kind: str) -> dict[tuple[str, str], Callable[[World, Case], dict[str, Any]]]:
    """What is said to each way of changing what there is to study."""
    by = f"{kind}_id"
    return {
        ("PATCH", ""): _json(lambda *_: {"title": "Tên mới"}, headers=_FIRST_REVISION),
        ("POST", "/publish"): _json(lambda *_: {}, headers=_FIRST_REVISION),
        ("POST", "/withdraw"): _json(lambda *_: {}, headers=_FIRST_REVISION),
        ("POST", "/supersede"): _json(
            lambda w, c: {"by": w.ids[by].get(f"{c.place} successor", str(NOBODY))}, headers=_FIRST_REVISION
        ),
    }


_SAID: dict[str, Callable[[World, Case], dict[str, Any]]] = {
    "POST /v1/auth/login": _json(lambda w, _: {"login": w.person("own").member_no, "password": PASSWORD}),
    "POST /v1/auth/activate": _json(
        lambda w, _: {"login": w.person("own").member_no, "activation_code": w.code, "password": PASSWORD}
    ),
    "POST /v1/auth/refresh": _json(
        lambda w, _: {"refresh_token": w.parts.tokens.refresh(w.person("own").session_id, 1)}
    ),
    "PUT /v1/auth/password": _json(lambda *_: {"current_password": PASSWORD, "new_password": f"{PASSWORD} bảy"}),
    "PUT /v1/me/photo": lambda *_: {"content": small_picture(), "headers": {"Content-Type": "image/jpeg"}},
    "POST /v1/me/events": _json(lambda *_: {"events": []}),
    "GET /v1/calendar.ics": lambda w, _: {"params": {"token": w.calendar_token}},
    "POST /v1/branches": _json(
        lambda w, c: {"parent_id": _branch(w, c), "code": "MOI", "name": "Tổ số 9", "kind": "group"}
    ),
    "PATCH /v1/branches/{branch_id}": _json(lambda *_: {"name": "Chi hội thôn Mới"}),
    "POST /v1/branches/{branch_id}/move": _json(lambda w, c: {"parent_id": _other(w, c)}),
    "POST /v1/branches/{branch_id}/merge": _json(lambda w, c: {"into_id": _other(w, c)}),
    "POST /v1/branches/{branch_id}/role-grants": _json(
        lambda w, c: {"member_id": w.ids["member_id"][c.place], "role": "clerk"}
    ),
    "GET /v1/branches/{branch_id}/notices": lambda _, c: {"params": {"state": "draft"} if "drafts" in c.name else {}},
    "POST /v1/branches/{branch_id}/notice-templates": _json(
        lambda *_: {"name": "Giấy mời", "content": {"title": "Họp", "body": "Mời họp."}}
    ),
    "PATCH /v1/notice-templates/{template_id}": _json(lambda *_: {"name": "Thư mời"}, headers=_FIRST_REVISION),
    "DELETE /v1/notice-templates/{template_id}": lambda *_: {"headers": _FIRST_REVISION},
    "POST /v1/notice-templates/{template_id}/draft": _json(
        lambda w, c: {"branch_id": w.ids["branch_id"]["own"]} if c.name.endswith("for own") else {}
    ),
    "POST /v1/files": lambda *_: {"content": samples.mp3(), "params": {"name": "bài nói.mp3"}},
    "POST /v1/members": _json(lambda w, c: {"branch_id": _branch(w, c), "member_no": "M1", "full_name": "Tô Văn Yên"}),
    "PATCH /v1/members/{member_id}": _json(lambda *_: {"gender": "female"}, headers=_FIRST_REVISION),
    "POST /v1/notices": _json(
        lambda w, c: {
            "branch_id": _branch(w, c),
            "title": "Họp chi hội",
            "body": "Mời họp.",
            "publish": c.name.endswith("at once"),
        }
    ),
    "PATCH /v1/notices/{notice_id}": _json(lambda *_: {"title": "Hoãn họp"}, headers=_FIRST_REVISION),
    "POST /v1/notices/{notice_id}/publish": lambda *_: {"headers": _FIRST_REVISION},
    "POST /v1/notices/{notice_id}/unschedule": lambda *_: {"headers": _FIRST_REVISION},
    "POST /v1/notices/{notice_id}/approve": lambda *_: {"headers": _FIRST_REVISION},
    "POST /v1/notices/{notice_id}/amend": _json(
        lambda *_: {"title": "Hoãn họp", "change": "Họp dời sang tuần sau."}, headers=_FIRST_REVISION
    ),
    "POST /v1/notices/{notice_id}/withdraw": _json(lambda *_: {}, headers=_FIRST_REVISION),
    "POST /v1/notices/{notice_id}/attachments": lambda *_: {
        "params": {"name": "a.jpg"},
        "content": small_picture(),
        "headers": _FIRST_REVISION,
    },
    "DELETE /v1/notices/{notice_id}/attachments/{sha256}": lambda *_: {"headers": _FIRST_REVISION},
    **{
        f"GET /v1/notices/{{notice_id}}/missing{form}": lambda *_: {"params": {"kind": "read"}}
        for form in ("", ".csv", ".xlsx")
    },
    "PUT /v1/notices/{notice_id}/receipt": _json(lambda *_: {"acknowledged": True}),
    "PUT /v1/notices/{notice_id}/rsvp": _json(lambda *_: {"answer": "yes"}),
    "POST /v1/notices/{notice_id}/attendance": _json(
        lambda w, c: (
            {"code": w.check_in_code(w.id("notice_id", c.name, ""))}
            if c.name.endswith("by code")
            else {"entries": [{"member_id": _person(w, c), "status": "present"}]}
        )
    ),
    "POST /v1/notices/{notice_id}/told": _json(lambda w, c: {"member_ids": [_person(w, c)]}),
    "GET /v1/search": lambda *_: {"params": {"q": "tài liệu"}},
    "POST /v1/materials": _json(lambda w, c: _study(w, c) | {"body": "Nội dung."}),
    "POST /v1/collections": _json(
        lambda w, c: (
            _study(w, c) | {"items": [{"kind": "material", "id": w.ids["material_id"].get(c.place, str(NOBODY))}]}
        )
    ),
    "POST /v1/quizzes": _json(lambda w, c: _study(w, c) | {"questions": [QUESTION]}),
    **{
        f"{verb} /v1/{kinds}/{{{kind}_id}}{path}": said
        for kind, kinds in {"material": "materials", "collection": "collections", "quiz": "quizzes"}.items()
        for (verb, path), said in _changing(kind).items()
    },
    "PUT /v1/quizzes/{quiz_id}/attempts/{attempt_id}": _json(lambda *_: {"answers": {}}),
    "POST /v1/quizzes/{quiz_id}/questions": lambda *_: {
        "content": "câu hỏi,đáp án\nTrái Đất phẳng.,sai\n".encode(),
        "headers": _FIRST_REVISION,
    },
    "POST /v1/branches/{branch_id}/study-import": lambda *_: {
        "content": zipped({"moi.md": text()}),
        "headers": {"Content-Type": "application/zip"},
    },
    "PUT /v1/materials/{material_id}/progress": _json(lambda *_: {"version": 1, "share": 50, "completed": True}),
    "PUT /v1/me/devices/{device_id}": _json(lambda *_: {"provider": "fcm", "token": "dGVzdA:token"}),
    "PUT /v1/me/preferences": _json(lambda *_: {"quiet_from": "22:00", "quiet_until": "06:00", "muted": ["study"]}),
    "PUT /v1/me/bookmarks/{bookmark_id}": _json(
        lambda w, c: {
            "material_id": w.ids["material_id"]["parent" if c.name == "mine" else c.place],
            "version": 1,
            "locator": "p2",
        }
    ),
}
