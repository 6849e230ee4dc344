"""Schemathesis against the application itself, as everybody: no fault, no answer that the document does not declare.

`HANDBOOK_FUZZ=long` tries each operation many times; without it a few times, so that the suite stays quick.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.python import asgi

from tests.contract.conftest import World

TRIES = 150 if os.environ.get("HANDBOOK_FUZZ") == "long" else 6
MODES = tuple(schemathesis.GenerationMode)
LAST = {"log_out": 1}
"""These end the session that the others need."""
PEOPLE = (None, "member", "secretary", "admin", "auditor", "editor", "disabled")

REFUSED = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 503]
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "negative_data_rejection": {"expected-statuses": REFUSED},
            # what is wrong in meaning alone is refused with 422 as well, and no schema can say it
            "positive_data_acceptance": {"enabled": False},
        }
    }
)

Schema = schemathesis.BaseSchema
BOUNDS = bounded(
    max_examples=TRIES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def schema(world: World) -> Iterator[Schema]:
    loaded = schemathesis.openapi.from_asgi("/openapi.json", world.app, config=CONFIG)

    yield loaded
    asgi.shutdown_lifespans()


@pytest.mark.parametrize("person", PEOPLE, ids=str)
def test_every_answer_is_a_declared_one(world: World, schema: Schema, person: str | None) -> None:
    headers = {"Accept-Language": "vi", **({} if person is None else {"Authorization": world.bearer(person)})}
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) == sum(1 for _ in schema.get_all_operations()), "an operation that cannot be read"
    assert len(operations) >= 30
    for operation in sorted(operations, key=lambda one: LAST.get(one.definition.raw["operationId"], 0)):
        known = {p.name: world.known[p.name] for p in operation.path_parameters if p.name in world.known}
        cases = st.one_of(
            [
                operation.as_strategy(mode, path_parameters=known, headers=headers)
                for mode in schemathesis.GenerationMode
            ]
        )

        @BOUNDS
        @given(cases)
        def try_it(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=headers)

        try_it()
