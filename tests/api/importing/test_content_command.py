"""`handbook content import`: a folder from the command line."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from models.database import Database
from models.keyring import Keyring, save_keyring
from tests.api.importing.folders import text
from tests.organisation import found_organisation
from tests.pdfs import pdf


@pytest.fixture
def folder(tmp_path: Path, database_url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two materials, beside an installed handbook."""
    save_keyring(tmp_path / "keys.json", keyring)
    monkeypatch.setenv("HANDBOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HANDBOOK_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    async def found() -> None:
        database = Database(database_url, keyring=keyring)
        await found_organisation(database)
        await database.close()

    asyncio.run(found())
    made = tmp_path / "tài liệu"
    made.mkdir()
    (made / "một.md").write_text(text("Bài một"))
    (made / "nq57.pdf").write_bytes(pdf(["Nghị quyết"]))
    return made


def bring(folder: Path, *said: str, branch: str = "CHIBO") -> Result:
    return CliRunner().invoke(app, ["content", "import", str(folder), "--branch", branch, *said])


def test_a_folder_is_brought_in_once(folder: Path) -> None:
    for said, report in (
        (["--dry-run"], "2 things: 2 would be new, 0 would be changed, 0 as they were, 0 refused"),
        ([], "2 things: 2 new, 0 changed, 0 as they were, 0 refused"),
        ([], "2 things: 0 new, 0 changed, 2 as they were, 0 refused"),
    ):
        done = bring(folder, *said)
        assert (done.exit_code, report in done.output) == (0, True), done.output
    (folder / "một.md").write_text(text("Bài một", "Khác."))
    assert "0 new, 1 changed, 1 as they were" in bring(folder).output


def test_what_is_refused_is_listed(folder: Path) -> None:
    (folder / "hai.md").write_text(text("<b>Hai</b>"))
    done = bring(folder)
    assert done.exit_code == 2
    assert "2 new, 0 changed, 0 as they were, 1 refused" in done.output
    assert "hai.md" in done.output
    assert "title: Plain text only, without HTML." in done.output


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_branch_must_be_there(folder: Path) -> None:
    done = bring(folder, branch="KHONG")
    assert (done.exit_code, "there is no branch KHONG" in done.stderr) == (1, True)
