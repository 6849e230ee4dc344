"""What the live OpenAPI document offers, so that tests of conventions need no edit when a route is added."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from api.documentation import describe
from tests.api.conftest import Client
from tests.organisation import Organisation

Steps = tuple[str, ...]
NOWHERE = UUID(int=7)
"""No thing has this id."""
REVISION = {"If-Match": '"r1-en-identity-x"'}


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    about: dict[str, Any]
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> set[str]:
        return {parameter["name"] for parameter in self.about.get("parameters", ())}

    @property
    def json_body(self) -> dict[str, Any] | None:
        content = self.about.get("requestBody", {}).get("content", {})
        schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return schema

    def url(self, organisation: Organisation) -> str:
        """The path, with a branch and a member that the organisation has, and with nobody's id for other things."""
        known = {"branch_id": organisation.branch("chibo").id, "member_id": organisation.person("member").id}
        url = self.path
        for parameter in self.about.get("parameters", ()):
            if parameter["in"] == "path":
                url = url.replace(f"{{{parameter['name']}}}", str(known.get(parameter["name"], NOWHERE)))
        return url


def operations(app: FastAPI) -> list[Operation]:
    document = describe(app)
    return [
        Operation(method.upper(), path, about, document)
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    ]


def places(
    schema: dict[str, Any], document: dict[str, Any], steps: Steps = ()
) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Every place of a body with its schema, objects and lists before what is in them."""
    schema = resolved(schema, document)
    yield steps, schema
    for option in (schema, *(resolved(option, document) for option in schema.get("anyOf", schema.get("oneOf", ())))):
        for name, inner in option.get("properties", {}).items():
            yield from places(inner, document, (*steps, name))
        if "items" in option:
            yield from places(option["items"], document, (*steps, "0"))


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def types(schema: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """The JSON types that a schema takes; `any` where it takes all."""
    schema = resolved(schema, document)
    options = schema.get("anyOf", schema.get("oneOf"))
    if options:
        return set().union(*(types(option, document) for option in options))
    return {schema.get("type", "any")}


def holding(steps: Steps, value: object) -> Any:
    """The smallest body that has this value at that place."""
    for step in reversed(steps):
        value = [value] if step == "0" else {step: value}
    return value


def pointer(steps: Steps) -> str:
    return "".join(f"/{step}" for step in steps)


def with_bodies(app: FastAPI) -> Iterator[Operation]:
    return (operation for operation in operations(app) if operation.json_body is not None)


async def send(
    client: Client, operation: Operation, organisation: Organisation, body: bytes, headers: dict[str, str] | None = None
) -> httpx.Response:
    said = {"Content-Type": "application/json", **REVISION, **(headers or {})}
    return await client.request(operation.method, operation.url(organisation), content=body, headers=said)
