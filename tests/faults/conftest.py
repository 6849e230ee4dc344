"""What is broken on purpose, and how long: `HANDBOOK_FAULTS=long` asks for the whole of it."""

import os
from pathlib import Path

import pytest

from api.cache import follow
from api.settings import Settings
from models.keyring import Keyring, save_keyring


@pytest.fixture
def is_long() -> bool:
    """The minutes that are promised, rather than the seconds that every run of the suite has."""
    return os.environ.get("HANDBOOK_FAULTS") == "long"


@pytest.fixture
def settings(tmp_path: Path, database_url: str, keyring: Keyring) -> Settings:
    save_keyring(tmp_path / "keys.json", keyring)
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of other parts' faults: that this machine is busy must not look like a database that is gone."""
    monkeypatch.setattr(follow, "_PATIENCE", 30.0)
