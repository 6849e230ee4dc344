"""What may change in an OpenAPI document without breaking anybody who was written against it: additions alone.

Clients ignore fields and enum values that they do not know; the server refuses fields that it does not know. So what
comes out may gain and never lose, and what goes in may ask for less and never for more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_TOLD = "object ("
_LEAST = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
_MOST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")


class Way(Enum):
    """Whether a value is written by clients or read by them."""

    IN = "in"
    OUT = "out"


def breaks(before: Json, after: Json) -> list[str]:
    """Each change from one document to the next that is no addition, as a sentence that begins with its place."""
    return sorted(set(_Comparison(before, after).paths()))


@dataclass
class _Comparison:
    before: Json
    after: Json
    seen: set[tuple[str, str, Way]] = field(default_factory=set)
    """Pairs of references already compared: schemas may contain themselves."""

    def paths(self) -> Iterator[str]:
        for path, methods in self.before["paths"].items():
            for method in (m for m in _METHODS if m in methods):
                place = f"{method.upper()} {path}"
                now = self.after["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{place}: removed"
                else:
                    yield from self.operation(place, methods[method], now)

    def operation(self, place: str, was: Json, now: Json) -> Iterator[str]:
        if was.get("operationId") != now.get("operationId"):
            yield f"{place}: renamed from {was.get('operationId')} to {now.get('operationId')}"
        if not was.get("security") and now.get("security"):
            yield f"{place}: asks for a token"
        yield from self.parameters(place, was, now)
        yield from self.request_body(place, was.get("requestBody"), now.get("requestBody"))
        for status, response in was.get("responses", {}).items():
            answer = now.get("responses", {}).get(status)
            if answer is None:
                yield f"{place}: response {status} removed"
            else:
                yield from self.response(f"{place} {status}", response, answer)

    def parameters(self, place: str, was: Json, now: Json) -> Iterator[str]:
        before, after = ({(p["in"], p["name"]): p for p in o.get("parameters", ())} for o in (was, now))
        for key, parameter in before.items():
            name = f"{place}: {key[0]} parameter {key[1]}"
            if key not in after:
                yield f"{name} removed"
            else:
                if after[key].get("required") and not parameter.get("required"):
                    yield f"{name} became required"
                yield from self.schema(name, parameter.get("schema", {}), after[key].get("schema", {}), Way.IN)
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield f"{place}: {key[0]} parameter {key[1]} is new and required"

    def request_body(self, place: str, was: Json | None, now: Json | None) -> Iterator[str]:
        if was is None:
            if now is not None and now.get("required"):
                yield f"{place}: asks for a body"
            return
        if now is None:
            yield f"{place}: takes no body any more"
            return
        if now.get("required") and not was.get("required"):
            yield f"{place}: the body became required"
        yield from self.content(f"{place} body", was, now, Way.IN)

    def response(self, place: str, was: Json, now: Json) -> Iterator[str]:
        for name in was.get("headers", {}).keys() - now.get("headers", {}).keys():
            yield f"{place}: header {name} removed"
        yield from self.content(place, was, now, Way.OUT)

    def content(self, place: str, was: Json, now: Json, way: Way) -> Iterator[str]:
        for kind, media in was.get("content", {}).items():
            if kind not in now.get("content", {}):
                yield f"{place}: {kind} removed"
            else:
                yield from self.schema(place, media.get("schema", {}), now["content"][kind].get("schema", {}), way)

    def schema(self, place: str, was: Json, now: Json, way: Way) -> Iterator[str]:
        if "$ref" in was and "$ref" in now:
            pair = (was["$ref"], now["$ref"], way)
            if pair in self.seen:
                return
            self.seen.add(pair)
        before, after = _alternatives(was, self.before), _alternatives(now, self.after)
        for kind, option in before.items():
            if kind in after:
                yield from self.one(place, option, after[kind], way)
            elif way is Way.IN and "any" not in after:
                yield f"{place}: takes no {kind} any more"
        if way is Way.OUT and "any" not in before:
            # of things that are told by their kind, clients pass over kinds that they do not know
            is_told = any(kind.startswith(_TOLD) for kind in before)
            for kind in after.keys() - before.keys():
                if not (is_told and kind.startswith(_TOLD)):
                    yield f"{place}: may now be {kind}"
        if way is Way.OUT and not before.keys() & after.keys():
            yield f"{place}: was {_named(before)}, is {_named(after)}"

    def one(self, place: str, was: Json, now: Json, way: Way) -> Iterator[str]:
        for value in _values(was):
            if _values(now) and value not in _values(now):
                yield f"{place}: value {value} removed"
        if way is Way.IN and _values(now) and not _values(was):
            yield f"{place}: takes only some values now"
        if way is Way.IN:
            yield from self.limits(place, was, now)
        yield from self.properties(place, was, now, way)
        if "items" in was:
            yield from self.schema(f"{place}/*", was["items"], now.get("items", {}), way)
        if isinstance(was.get("additionalProperties"), dict) and isinstance(now.get("additionalProperties"), dict):
            yield from self.schema(f"{place}/*", was["additionalProperties"], now["additionalProperties"], way)

    def properties(self, place: str, was: Json, now: Json, way: Way) -> Iterator[str]:
        before, after = was.get("properties", {}), now.get("properties", {})
        wanted = set(now.get("required", ()))
        for name in before:
            if name not in after:
                yield f"{place}/{name}: removed"
            else:
                yield from self.schema(f"{place}/{name}", before[name], after[name], way)
        if way is Way.IN:
            for name in wanted - set(was.get("required", ())):
                yield f"{place}/{name}: {'became required' if name in before else 'is new and required'}"
        else:
            for name in (set(was.get("required", ())) - wanted) & after.keys():
                yield f"{place}/{name}: may now be missing"

    def limits(self, place: str, was: Json, now: Json) -> Iterator[str]:
        for limit in _LEAST:
            if limit in now and now[limit] > was.get(limit, float("-inf")):
                yield f"{place}: {limit} rose to {now[limit]}"
        for limit in _MOST:
            if limit in now and now[limit] < was.get(limit, float("inf")):
                yield f"{place}: {limit} fell to {now[limit]}"
        if "pattern" in now and now["pattern"] != was.get("pattern"):
            yield f"{place}: pattern changed"
        if was.get("additionalProperties", True) is not False and now.get("additionalProperties", True) is False:
            yield f"{place}: refuses unknown fields now"


def _alternatives(schema: Json, document: Json) -> dict[str, Json]:
    """What a schema may be, by kind: a JSON type with its format, or the name of an object's schema."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return {kind: inner for option in options for kind, inner in _alternatives(option, document).items()}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        inner = document["components"]["schemas"][name]
        # enums and other scalars may move in and out of the components
        return _alternatives(inner, document) if inner.get("type") != "object" else {_sort_of(inner): inner}
    types = schema.get("type", "any")
    form = f" ({schema['format']})" if "format" in schema else ""
    kinds = [types] if isinstance(types, str) else types
    return {kind if kind == "null" else f"{kind}{form}": schema for kind in kinds}


def _sort_of(schema: Json) -> str:
    """An object among others is told by what it says of itself, such as its `kind`."""
    said = [f"{name} {each['const']}" for name, each in schema.get("properties", {}).items() if "const" in each]
    return f"{_TOLD}{', '.join(said)})" if said else "object"


def _values(schema: Json) -> list[Any]:
    return list(schema.get("enum", [schema["const"]] if "const" in schema else []))


def _named(kinds: Iterable[str]) -> str:
    return " or ".join(sorted(kinds))
