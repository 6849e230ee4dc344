"""The cell's editor."""

import pytest

from tests.api.conftest import As, Client


@pytest.fixture
async def editor(acting_as: As) -> Client:
    return acting_as("editor")
