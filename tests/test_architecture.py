"""The structural rules that are written down, held."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from functools import cache
from inspect import iscoroutinefunction
from pathlib import Path
from string import Formatter
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pydantic_core
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from api.app import create_app
from api.field_messages import FIELDS
from api.messages import PROBLEMS
from api.policy import Policy
from api.problems import _BY_STATUS
from api.routing import Access, Cached, Route, _with_inner, router
from api.settings import Settings
from models.base import Request
from models.permissions import Permission

ROOT = Path(__file__).parents[1]
FLOORS = ("content", "models", "notifications", "api")
LINES_MOST = 450
HANDLER_MOST = 15


@cache
def sources(*folders: str) -> dict[Path, ast.Module]:
    """Every module of these folders, but for what Alembic wrote."""
    paths = [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if "versions" not in path.parts
    ]
    return {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def test_floors_import_only_from_below() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_nothing_is_imported_inside_a_function() -> None:
    inside = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*FLOORS).items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_modules_stay_short() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in sources(*FLOORS)}
    assert {path: length for path, length in lengths.items() if length > LINES_MOST} == {}


def test_one_place_commits() -> None:
    committing = {
        str(path)
        for path, tree in sources(*FLOORS).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "session"
    }
    assert committing == {"models/changes.py"}


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        str(path)
        for path, tree in sources(*FLOORS).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert reading <= {"api/settings.py"}


# --- routes ---


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """Not served: what it says of itself is enough."""
    return create_app(Settings())


def routes(holder: Any) -> Iterator[Route]:
    """The routes of an application, through the routers that it includes."""
    for route in holder.routes:
        if isinstance(route, Route):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)


def test_every_route_says_who_may_call_it_and_what_is_kept_of_it(app: FastAPI) -> None:
    documented = sum(len(methods) for methods in app.openapi()["paths"].values())
    found = list(routes(app))
    assert len(found) == documented > 30, "each operation of the document is one of our routes"
    for route in found:
        assert isinstance(route.policy, Policy)
        assert isinstance(route.policy.access, Access | Permission)
        assert isinstance(route.policy.cached, Cached)


def test_a_route_that_does_not_say_so_cannot_be_made() -> None:
    async def read_something() -> None: ...

    with pytest.raises(TypeError, match="does not declare who may call it"):
        router("nothing").get("/something")(read_something)


def test_operations_have_names_of_their_own(app: FastAPI) -> None:
    names = [operation["operationId"] for methods in app.openapi()["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    assert set(names) == {route.endpoint.__name__ for route in routes(app)}


def test_nothing_creates_without_a_way_to_repeat_it_safely(app: FastAPI) -> None:
    """A POST that answers 201 takes an Idempotency-Key, or happens once by If-Match, unless it gives a secret
    or is known by its content.
    """
    secrets, by_content = {"issue_activation_code", "issue_calendar_token"}, {"upload_file"}
    policies = {r.endpoint.__name__: r.policy for r in routes(app) if r.status_code == 201}
    bare = {name for name, policy in policies.items() if not (policy.idempotent or policy.revisioned)}
    assert bare <= secrets | by_content


def test_no_request_waits_for_a_thread(app: FastAPI) -> None:
    """FastAPI calls what is not async through a thread, for 100 µs each."""
    asked = [one.call for route in routes(app) for one in _with_inner(route.dependant) if one.call is not None]
    assert [call for call in asked if not iscoroutinefunction(call)] == []


def test_handlers_receive_call_one_rule_and_return(app: FastAPI) -> None:
    for route in routes(app):
        statements, path = body_of(route.endpoint)
        assert statements <= HANDLER_MOST, f"{path}: {route.endpoint.__name__} has {statements} lines"


def body_of(handler: Callable[..., Any]) -> tuple[int, str]:
    """How many lines a handler has below its signature and docstring."""
    code = handler.__code__
    path = Path(code.co_filename).relative_to(ROOT)
    for node in ast.walk(sources(*FLOORS)[path]):
        if isinstance(node, ast.AsyncFunctionDef) and node.name == handler.__name__:
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            return (node.end_lineno or 0) - first.lineno + 1, str(path)
    raise AssertionError(f"{handler} is not an async function of {path}")


# --- what comes in ---


def test_requests_take_no_bare_numbers_flags_or_times(app: FastAPI) -> None:
    """Bare ones would take "1" for 1, 1 for true, 1767225600 for a day: `Count`, `Flag`, `Instant`, `Day` do not."""
    shapes = request_shapes(app)
    assert len(shapes) >= 8
    bare = [
        f"{shape.__name__}.{name}"
        for shape in shapes
        for name, field in shape.model_fields.items()
        if any(is_bare(part, in_field=field.metadata) for part in parts(field.annotation))
    ]
    assert bare == []
    assert [s.__name__ for s in shapes if not issubclass(s, Request)] == []


def request_shapes(app: FastAPI) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting = [route.body_field.field_info.annotation for route in routes(app) if route.body_field is not None]
    while waiting:
        for part in parts(waiting.pop()):
            if isinstance(part, type) and issubclass(part, BaseModel) and part not in found:
                found.add(part)
                waiting += [field.annotation for field in part.model_fields.values()]
    return found


def parts(annotation: Any) -> Iterator[Any]:
    """What a type is made of; what is annotated stays whole."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType, list, set, tuple, dict}:
        for inner in get_args(annotation):
            yield from parts(inner)
    elif annotation is not NoneType:
        yield annotation


def is_bare(part: Any, in_field: list[Any]) -> bool:
    # pydantic moves the annotations of a field that is not a union to the field itself
    return part in {int, float, bool, datetime, date} and not in_field


def test_bare_types_are_found() -> None:
    class Loose(Request):
        number: int
        at: list[datetime] | None = None

    assert is_bare(int, Loose.model_fields["number"].metadata)
    assert list(parts(Loose.model_fields["at"].annotation)) == [datetime]
    assert not any(is_bare(part, []) for part in parts(Annotated[int, "strict"]))


# --- sentences ---


def test_every_problem_has_its_sentence_and_every_sentence_its_problem() -> None:
    raised = slugs() | set(_BY_STATUS.values())
    assert raised - PROBLEMS.keys() == set(), "raised, without a sentence"
    assert PROBLEMS.keys() - raised == set(), "has a sentence, but is never raised"


def test_every_field_s_code_has_its_sentence_and_every_sentence_its_code() -> None:
    ours = codes()
    pydantics = set(get_args(pydantic_core.core_schema.ErrorType))
    assert ours - FIELDS.keys() == set(), "raised, without a sentence"
    assert FIELDS.keys() - ours - pydantics == set(), "has a sentence, but is never raised"


def test_sentences_are_whole_in_both_languages() -> None:
    sentences = [pair for message in PROBLEMS.values() for pair in zip(message.vi, message.en, strict=True)]
    sentences += FIELDS.values()
    for vi, en in sentences:
        assert vi != en
        assert placeholders(vi) == placeholders(en), vi
        assert not re.search(r"\s{2}|^\s|\s$", vi + en)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


SLUG_RAISERS = {"Conflict": 0, "NotFound": 0, "Forbidden": 0, "Stale": 0, "TooMany": 0, "Unavailable": 0, "Refused": 1}
SLUG_RAISERS |= {"Invalid": 1}
CODE_RAISERS = {"at": 1, "FieldError": 1, "Malformed": 0, "PydanticCustomError": 0}
"""At which place an error takes its word."""


def slugs() -> set[str]:
    """The slugs of all problems that any floor raises, the defaults and constants of the error classes among them."""
    found = words(SLUG_RAISERS, PROBLEMS.keys())
    for tree in sources("models").values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(name_of(base) == "HandbookError" for base in node.bases):
                found |= {text for text in texts(node) if is_slug(text)}
    outermost = sources("api")[Path("api/envelope.py")]
    return found | {text for text in texts(outermost) if is_slug(text) and text in PROBLEMS}


def codes() -> set[str]:
    """The codes of fields' errors: words where errors are made, and those of tables next to where they are made."""
    speaking = [tree for path, tree in sources(*FLOORS).items() if not path.name.endswith("messages.py")]
    named = [text for tree in speaking for text in texts(tree)]
    return words(CODE_RAISERS, FIELDS.keys()) | (set(named) & FIELDS.keys())


def words(raisers: dict[str, int], known: Collection[str]) -> set[str]:
    """The literals that these calls are given; of an f-string, the known words that it may become."""
    found: set[str] = set()
    for tree in sources(*FLOORS).values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > raisers.get(name_of(node.func), sys.maxsize):
                for word in given(node.args[raisers[name_of(node.func)]]):
                    found |= {one for one in known if re.fullmatch(word, one)} or {word.replace("\\", "")}
    return found


def given(argument: ast.expr) -> Iterator[str]:
    """What an argument may be, as patterns; nothing where it is computed."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield re.escape(argument.value)
    elif isinstance(argument, ast.IfExp):
        yield from (*given(argument.body), *given(argument.orelse))
    elif isinstance(argument, ast.JoinedStr):
        yield "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z_]+" for p in argument.values)


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_slug(text: str) -> bool:
    return re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", text) is not None


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
