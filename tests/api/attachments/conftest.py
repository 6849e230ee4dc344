"""A desk that writes drafts, and the storage to look into."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.settings import Settings
from tests.organisation import Organisation
from tests.serving import Desk

Stored = Callable[[], list[str]]


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


@pytest.fixture
def stored(settings: Settings) -> Stored:
    """The names of all files that are there, on their way in too."""
    return lambda: sorted(path.name for path in Path(settings.files).rglob("*") if path.is_file())
