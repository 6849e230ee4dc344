"""The comparison itself, and the comparison of what is served with what is committed."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.additions import breaks
from tests.contract.snapshot import committed, live

Json = dict[str, Any]


def test_what_is_served_only_adds_to_what_is_committed() -> None:
    """After an addition `make contract` writes it down. Anything else needs a new version of the API."""
    assert breaks(committed(), live()) == []


def test_the_served_document_equals_itself() -> None:
    document = live()
    assert breaks(document, copy.deepcopy(document)) == []
    assert document["openapi"].startswith("3.1")


def document() -> Json:
    return {
        "paths": {
            "/things/{id}": {
                "post": {
                    "operationId": "change_thing",
                    "parameters": [
                        {"in": "path", "name": "id", "required": True, "schema": {"type": "string", "format": "uuid"}},
                        {"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 100}},
                    ],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}},
                    "responses": {
                        "200": {
                            "headers": {"ETag": {"schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}},
                        },
                        "404": {"description": "x"},
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "In": {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string", "minLength": 1, "maxLength": 9},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "kind": {"$ref": "#/components/schemas/Kind"},
                    },
                },
                "Out": {
                    "type": "object",
                    "required": ["id", "children"],
                    "properties": {
                        "id": {"type": "string", "format": "uuid"},
                        "kind": {"$ref": "#/components/schemas/Kind"},
                        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
                        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Out"}},
                    },
                },
                "Kind": {"type": "string", "enum": ["a", "b"]},
            }
        },
    }


def post(document: Json) -> Json:
    operation: Json = document["paths"]["/things/{id}"]["post"]
    return operation


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def fields(document: Json, name: str) -> Json:
    found: Json = schema(document, name)["properties"]
    return found


ADDITIONS: dict[str, Callable[[Json], Any]] = {
    "a path": lambda d: d["paths"].update({"/new": {"get": {"operationId": "new", "responses": {}}}}),
    "a method": lambda d: d["paths"]["/things/{id}"].update(get={"operationId": "read", "responses": {}}),
    "an optional parameter": lambda d: post(d)["parameters"].append({"in": "query", "name": "new", "schema": {}}),
    "a response": lambda d: post(d)["responses"].update({"409": {"description": "x"}}),
    "a header": lambda d: post(d)["responses"]["404"].update(headers={"New": {}}),
    "a media type": lambda d: post(d)["responses"]["200"]["content"].update({"text/csv": {}}),
    "a field in an answer": lambda d: fields(d, "Out").update(new={"type": "string"}),
    "an optional field in a request": lambda d: fields(d, "In").update(new={"type": "string"}),
    "a value of an enum": lambda d: schema(d, "Kind")["enum"].append("c"),
    "a wider limit": lambda d: fields(d, "In")["name"].update(minLength=0, maxLength=10),
    "no limit": lambda d: fields(d, "In")["name"].pop("maxLength"),
    "a field less to send": lambda d: schema(d, "In").update(required=[]),
    "a field that is always answered": lambda d: schema(d, "Out")["required"].append("kind"),
    "null taken": lambda d: fields(d, "In").update(kind={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "null never answered": lambda d: fields(d, "Out").update(at={"type": "string", "format": "date-time"}),
    "an enum spelt in place": lambda d: fields(d, "Out").update(kind=schema(d, "Kind")),
    "a title": lambda d: schema(d, "Out").update(title="Other"),
}

BREAKS: dict[str, tuple[Callable[[Json], Any], str]] = {
    "a path removed": (lambda d: d["paths"].clear(), "POST /things/{id}: removed"),
    "a method removed": (lambda d: d["paths"]["/things/{id}"].pop("post"), "POST /things/{id}: removed"),
    "renamed": (lambda d: post(d).update(operationId="x"), "renamed from change_thing to x"),
    "a token asked for": (lambda d: post(d).update(security=[{"bearer": []}]), "asks for a token"),
    "a parameter removed": (lambda d: post(d)["parameters"].pop(), "query parameter q removed"),
    "a parameter required": (lambda d: post(d)["parameters"][1].update(required=True), "q became required"),
    "a new one required": (
        lambda d: post(d)["parameters"].append({"in": "header", "name": "If-Match", "required": True}),
        "header parameter If-Match is new and required",
    ),
    "a parameter narrowed": (lambda d: post(d)["parameters"][1]["schema"].update(maxLength=9), "maxLength fell to 9"),
    "a body no more": (lambda d: post(d).pop("requestBody"), "takes no body any more"),
    "a body required": (lambda d: post(d)["requestBody"].update(required=True), "the body became required"),
    "a response removed": (lambda d: post(d)["responses"].pop("404"), "response 404 removed"),
    "a header removed": (lambda d: post(d)["responses"]["200"]["headers"].clear(), "header ETag removed"),
    "a media type removed": (lambda d: post(d)["responses"]["200"]["content"].clear(), "application/json removed"),
    "a field of an answer removed": (lambda d: fields(d, "Out").pop("id"), "200/id: removed"),
    "a field deep in an answer": (
        lambda d: fields(d, "Out")["children"].update(items={"type": "string"}),
        "200/children/*: was object, is string",
    ),
    "a field that may be missing": (
        lambda d: schema(d, "Out").update(required=["children"]),
        "/id: may now be missing",
    ),
    "a field that may be null": (
        lambda d: fields(d, "Out").update(id={"type": ["string", "null"], "format": "uuid"}),
        "200/id: may now be null",
    ),
    "another type": (
        lambda d: fields(d, "Out").update(id={"type": "integer"}),
        "200/id: may now be integer",
    ),
    "another format": (
        lambda d: fields(d, "Out").update(id={"type": "string"}),
        "200/id: was string (uuid), is string",
    ),
    "a field of a request removed": (lambda d: fields(d, "In").pop("note"), "body/note: removed"),
    "a new field required": (
        lambda d: schema(d, "In").update(
            required=["name", "new"], properties={**fields(d, "In"), "new": {"type": "string"}}
        ),
        "body/new: is new and required",
    ),
    "a field required": (lambda d: schema(d, "In")["required"].append("note"), "body/note: became required"),
    "null taken no more": (
        lambda d: fields(d, "In").update(note={"type": "string"}),
        "body/note: takes no null any more",
    ),
    "a value of an enum removed": (lambda d: schema(d, "Kind").update(enum=["a"]), "kind: value b removed"),
    "only some values": (lambda d: fields(d, "In")["name"].update(enum=["x"]), "takes only some values"),
    "a narrower limit": (lambda d: fields(d, "In")["name"].update(minLength=2), "minLength rose to 2"),
    "a pattern": (lambda d: fields(d, "In")["name"].update(pattern="^x"), "pattern changed"),
}


@pytest.mark.parametrize("what", ADDITIONS)
def test_an_addition_breaks_nobody(what: str) -> None:
    after = document()
    ADDITIONS[what](after)
    assert after != document()
    assert breaks(document(), after) == []


@pytest.mark.parametrize("what", BREAKS)
def test_anything_else_is_told(what: str) -> None:
    change, sentence = BREAKS[what]
    after = document()
    change(after)
    assert sentence in "\n".join(breaks(document(), after))
