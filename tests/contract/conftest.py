"""The application as clients of the contract meet it: an organisation on SQLite, and somebody's token."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI

from api import app as api_app
from api.security.claims import unresolved
from api.security.keys import open_keyring
from api.security.passwords import Passwords
from api.security.tokens import Tokens
from api.settings import Settings
from models import changes
from models.accounts import Account, set_password
from models.database import Database, utc_now
from models.keyring import Keyring, save_keyring
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate
from tests.api.identity import CHEAP
from tests.organisation import Organisation, found_organisation

PASSWORD = "một hai ba bốn"


@dataclass(frozen=True, slots=True)
class World:
    """An application whose lifespan is yet to run, and who and what is in its database."""

    app: FastAPI
    organisation: Organisation
    tokens: Tokens
    known: dict[str, str]
    """What path parameters may be, so that not every call is for a thing that does not exist."""

    def bearer(self, name: str) -> str:
        person = self.organisation.person(name)
        return f"Bearer {self.tokens.access(unresolved(person.id, person.session_id))}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, keyring: Keyring) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("contract")
    shutil.copy(migrated_sqlite, folder / "handbook.db")
    save_keyring(folder / "keys.json", keyring)
    settings = Settings(data_dir=folder)
    organisation, notice_id = asyncio.run(_furnish(settings, keyring))
    tokens = Tokens(open_keyring(settings.keys, made_at="", demo=False), utc_now, timedelta(hours=1))
    known = {
        "branch_id": str(organisation.branch("chibo").id),
        "member_id": str(organisation.person("fellow").id),
        "notice_id": str(notice_id),
        "slug": "not_found",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_app, "Passwords", partial(Passwords, hasher=CHEAP))
        yield World(api_app.create_app(settings), organisation, tokens, known)


async def _furnish(settings: Settings, keyring: Keyring) -> tuple[Organisation, UUID]:
    """The organisation, in which the member has a password and a notice is published."""
    database, passwords = Database(settings.database, keyring=keyring), Passwords(demo=False, hasher=CHEAP)
    organisation = await found_organisation(database)
    async with database.writing() as session:
        account = await session.get_one(Account, organisation.person("member").id)
        await set_password(session, account, await passwords.hash(PASSWORD))
        data = NoticeCreate(
            branch_id=organisation.branch("chibo").id, title="Họp chi hội", body="Mời **họp**.", publish=True
        )
        notice = await create_notice(session, await organisation.viewer(session, "secretary"), data)
        await changes.commit(session)
    passwords.close()
    await database.close()
    return organisation, notice.id
