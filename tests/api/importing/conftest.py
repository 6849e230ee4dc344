"""The cell's editor, and how long tests may be."""

import pytest

from tests.api.conftest import As, Client
from tests.faults.conftest import is_long

__all__ = ["is_long"]


@pytest.fixture
async def editor(acting_as: As) -> Client:
    return acting_as("editor")
